//! The bound half that sends.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use binder_core::logic::partition::kafka_partition;
use binder_core::publish::Reports;
use binder_core::{
    BindingName, Completed, Completion, Error, ErrorKind, Outbox, Outgoing, Publisher, Receipt,
    Unrouted,
};

use crate::limits;
use crate::reporting::Reporting;
use crate::state::State;
use crate::topic::Topic;
use crate::wakes::Wakes;

/// Appends to the partitions of one destination.
#[derive(Debug)]
pub(crate) struct MemoryPublisher {
    topic: Arc<Topic>,
    binding: BindingName,
    unrouted: Unrouted,
    reporting: Reporting,
}

/// What one publish call did.
struct Taken {
    done: Vec<(Completion, Completed)>,
    full: bool,
    /// How many messages without a reader are to be logged now.
    unrouted: Option<u64>,
}

impl MemoryPublisher {
    /// A publisher of that binding to a destination.
    pub(crate) fn new(topic: Arc<Topic>, binding: BindingName, unrouted: Unrouted) -> Self {
        Self { topic, binding, unrouted, reporting: Reporting::default() }
    }

    /// Takes what fits, in order, under the lock.
    fn take(
        &self,
        state: &mut State,
        outbox: &mut Outbox,
        waker: &Waker,
        wakes: &mut Wakes,
    ) -> Taken {
        state.expire(wakes);
        let orphan = state.is_orphan();
        let mut done = Vec::with_capacity(outbox.len().min(1_024));
        let (mut unread, mut full) = (0, false);
        while let Some(next) = outbox.front() {
            let size = next.message.size();
            let refusal = self.refusal(size, orphan);
            let key = next.message.key.as_deref();
            let key = key.map(|key| kafka_partition(key, state.partitions()));
            let place = if refusal.is_none() { state.place(key, size) } else { None };
            if refusal.is_none() && place.is_none() {
                state.wait(key, waker);
                full = true;
                break;
            }
            let Some(Outgoing { message, completion }) = outbox.pop_front() else { break };
            done.push((
                completion,
                match refusal {
                    Some(why) => Completed::Refused(why),
                    None => Completed::Confirmed(Receipt {
                        partition: place,
                        offset: place.map(|partition| state.append(partition, message, size)),
                    }),
                },
            ));
            unread += u64::from(orphan && place.is_some());
        }
        state.announce(wakes);
        let unrouted = if unread > 0 { state.unrouted.add(unread, Instant::now()) } else { None };
        Taken { done, full, unrouted }
    }

    /// Why a message of `size` bytes can never be sent, if it cannot.
    fn refusal(&self, size: usize, orphan: bool) -> Option<Error> {
        let most = limits::PARTITION.bytes;
        let error = if size > most {
            let why =
                format!("a message of {size} bytes exceeds the {most} that a partition holds");
            Error::new(ErrorKind::TooLarge, why)
        } else if orphan && self.unrouted == Unrouted::Fail {
            Error::new(ErrorKind::Unroutable, "no group reads this destination").with_hint(
                "start an input on it, name its readers in `required_groups`, or set \
                 `unrouted = \"drop\"`",
            )
        } else {
            return None;
        };
        Some(
            error
                .at_binder(limits::KIND)
                .at_binding(self.binding.as_str())
                .at_destination(self.topic.name.as_str()),
        )
    }
}

impl Publisher for MemoryPublisher {
    fn poll_publish(&self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()> {
        if outbox.is_empty() {
            return Poll::Ready(());
        }
        let reporting = self.reporting.begin();
        let waker = cx.waker();
        let taken = self.topic.with(|state, wakes| self.take(state, outbox, waker, wakes));
        if let Some(messages) = taken.unrouted {
            tracing::warn!(
                binding = %self.binding,
                destination = %self.topic.name,
                messages,
                "nobody reads this destination; only its last {} messages a partition are kept \
                 (name its readers in `required_groups`, or refuse with `unrouted = \"fail\"`)",
                limits::UNCLAIMED,
            );
        }
        // Receivers run foreign code, so they hear of it only now that the lock is free.
        let mut reports = Reports::new();
        for (completion, what) in taken.done {
            completion.report_into(what, &mut reports);
        }
        drop(reports);
        drop(reporting);
        if taken.full { Poll::Pending } else { Poll::Ready(()) }
    }

    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.reporting.poll_idle(cx)
    }
}
