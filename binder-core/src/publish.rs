//! A message on its way to a broker, and what became of it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::message::Message;

/// Messages that wait to be taken by a [`Publisher`](crate::Publisher), in order.
pub type Outbox = VecDeque<Outgoing>;

/// A message to publish, with the [`Completion`] that reports what became of it.
#[derive(Debug)]
pub struct Outgoing {
    /// What to send.
    pub message: Message,
    /// Whom to tell.
    pub completion: Completion,
}

/// Where a broker put a message, as far as it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The partition.
    pub partition: Option<u32>,
    /// The position in the partition.
    pub offset: Option<u64>,
}

/// What became of a published message.
#[derive(Debug)]
#[non_exhaustive]
pub enum Completed {
    /// The broker has taken responsibility for it.
    Confirmed(Receipt),
    /// The broker does not have it. [`Error::is_transient`] says whether to try again.
    Refused(Error),
    /// Nobody knows whether the broker has it: sending it again may double it, not sending may
    /// lose it.
    Unknown(Error),
}

/// Receives what became of published messages, in batches.
///
/// Called from the publisher's own thread or from inside a publish call, so it must not block.
pub trait Completions: Send + Sync {
    /// Takes every report out of `batch`; the allocation stays the caller's.
    fn complete(&self, batch: &mut Vec<(u64, Completed)>);
}

/// The duty to report what became of one message, exactly once.
///
/// Dropped without a report it says [`Completed::Unknown`].
pub struct Completion {
    token: u64,
    sink: Option<Arc<dyn Completions>>,
}

impl Completion {
    /// A completion that reports `token` to `sink`.
    #[must_use]
    pub fn new(token: u64, sink: Arc<dyn Completions>) -> Self {
        Self { token, sink: Some(sink) }
    }

    /// Reports one message.
    pub fn report(self, what: Completed) {
        self.report_into(what, &mut Reports::new());
    }

    /// Gives the token back without a report: the message was never handed to a publisher.
    #[must_use]
    pub fn take_back(mut self) -> u64 {
        self.sink = None;
        self.token
    }

    /// Adds the report to a batch, which a binder delivers once per event of its client.
    pub fn report_into(mut self, what: Completed, reports: &mut Reports) {
        if let Some(sink) = self.sink.take() {
            reports.push(sink, self.token, what);
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            let why = Error::new(ErrorKind::Publish, "dropped by the publisher unreported");
            sink.complete(&mut vec![(self.token, Completed::Unknown(why))]);
        }
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion").field("token", &self.token).finish_non_exhaustive()
    }
}

/// A batch of reports; consecutive ones for the same receiver are delivered in one call.
///
/// Delivers what is left when dropped.
#[derive(Default)]
pub struct Reports {
    sink: Option<Arc<dyn Completions>>,
    batch: Vec<(u64, Completed)>,
}

impl Reports {
    /// An empty batch.
    #[must_use]
    pub const fn new() -> Self {
        Self { sink: None, batch: Vec::new() }
    }

    fn push(&mut self, sink: Arc<dyn Completions>, token: u64, what: Completed) {
        if self.sink.as_ref().is_some_and(|held| !Arc::ptr_eq(held, &sink)) {
            self.deliver();
        }
        self.sink = Some(sink);
        self.batch.push((token, what));
    }

    /// Hands the reports so far to their receiver.
    pub fn deliver(&mut self) {
        if let Some(sink) = self.sink.take() {
            sink.complete(&mut self.batch);
            self.batch.clear();
        }
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        self.deliver();
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reports").field("batch", &self.batch.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counting {
        calls: AtomicUsize,
        unknown: AtomicUsize,
        confirmed: AtomicUsize,
    }

    impl Completions for Counting {
        fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
            self.calls.fetch_add(1, Ordering::Relaxed);
            for (_, what) in batch.drain(..) {
                let count = match what {
                    Completed::Confirmed(_) => &self.confirmed,
                    _ => &self.unknown,
                };
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn dropped_means_unknown_reported_means_once_and_taken_back_means_never() {
        let sink = Arc::new(Counting::default());
        drop(Completion::new(1, sink.clone()));
        assert_eq!(Completion::new(3, sink.clone()).take_back(), 3);
        Completion::new(2, sink.clone()).report(Completed::Confirmed(Receipt::default()));
        assert_eq!(sink.unknown.load(Ordering::Relaxed), 1);
        assert_eq!(sink.confirmed.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_batch_is_one_call_per_receiver() {
        let (one, two) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
        let mut reports = Reports::new();
        for (token, sink) in [(1, &one), (2, &one), (3, &two), (4, &two)] {
            let completion = Completion::new(token, sink.clone());
            completion.report_into(Completed::Confirmed(Receipt::default()), &mut reports);
        }
        drop(reports);
        assert_eq!(one.calls.load(Ordering::Relaxed), 1);
        assert_eq!(two.calls.load(Ordering::Relaxed), 1);
        assert_eq!(two.confirmed.load(Ordering::Relaxed), 2);
    }
}
