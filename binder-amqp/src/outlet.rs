//! Where publishers' callers and the sender's task meet: a bounded queue, and who waits for it.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use binder_core::{Outbox, Outgoing};

use crate::sync::{Mutex, Notify, lock};

/// Messages that wait to be sent.
const MESSAGES: usize = 1_000;
/// And their bytes; one message of any size alone.
const BYTES: usize = 32 * 1024 * 1024;

/// The queue of one output.
#[derive(Debug, Default)]
pub(crate) struct Outlet {
    state: Mutex<State>,
    task: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Outgoing>,
    bytes: usize,
    /// Taken and not reported, those in the queue included.
    unreported: usize,
    /// Nobody publishes any more.
    closed: bool,
    /// Who waits for room.
    waiting: Vec<Waker>,
    /// Who waits for everything to be reported.
    flushing: Vec<Waker>,
}

/// The callers' side.
impl Outlet {
    /// See [`Publisher::poll_publish`](binder_core::Publisher::poll_publish).
    pub(crate) fn poll_publish(&self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()> {
        let mut state = lock(&self.state);
        let idle = state.queue.is_empty();
        while state.has_room() {
            let Some(outgoing) = outbox.pop_front() else { break };
            state.bytes += outgoing.message.size();
            state.unreported += 1;
            state.queue.push_back(outgoing);
        }
        let poll = if outbox.is_empty() {
            Poll::Ready(())
        } else {
            wait(&mut state.waiting, cx.waker());
            Poll::Pending
        };
        let woken = idle && !state.queue.is_empty();
        drop(state);
        if woken {
            self.task.notify_one();
        }
        poll
    }

    /// See [`Publisher::poll_flush`](binder_core::Publisher::poll_flush).
    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.unreported == 0 {
            return Poll::Ready(());
        }
        wait(&mut state.flushing, cx.waker());
        Poll::Pending
    }

    /// Nobody publishes any more.
    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.task.notify_one();
    }
}

/// The task's side.
impl Outlet {
    /// Ready when the other side has left something since the last time.
    pub(crate) async fn changed(&self) {
        self.task.notified().await;
    }

    /// Moves up to `messages` and about `bytes`, in order, and wakes who waits for room.
    pub(crate) fn take(&self, messages: usize, bytes: usize, into: &mut Vec<Outgoing>) {
        let mut state = lock(&self.state);
        let mut left = bytes;
        for _ in 0..messages {
            let size = state.queue.front().map(|next| next.message.size());
            let Some(size) = size.filter(|size| *size <= left || left == bytes) else { break };
            left = left.saturating_sub(size);
            state.bytes -= size;
            into.extend(state.queue.pop_front());
        }
        let roomy = state.queue.len() <= MESSAGES / 2 && state.bytes <= BYTES / 2;
        let waiting = if roomy { std::mem::take(&mut state.waiting) } else { Vec::new() };
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// So many were reported.
    pub(crate) fn reported(&self, count: usize) {
        let mut state = lock(&self.state);
        state.unreported = state.unreported.saturating_sub(count);
        let flushed = state.unreported == 0;
        let flushing = if flushed { std::mem::take(&mut state.flushing) } else { Vec::new() };
        drop(state);
        flushing.into_iter().for_each(Waker::wake);
    }

    /// Whether nothing waits to be sent.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.state).queue.is_empty()
    }

    /// Whether nobody publishes any more.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }
}

impl State {
    fn has_room(&self) -> bool {
        self.queue.is_empty() || (self.queue.len() < MESSAGES && self.bytes < BYTES)
    }
}

fn wait(waiting: &mut Vec<Waker>, waker: &Waker) {
    if !waiting.iter().any(|other| other.will_wake(waker)) {
        waiting.push(waker.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use binder_core::{Completed, Completion, Completions, Message};
    use futures::FutureExt;

    use super::*;

    struct Nobody;

    impl Completions for Nobody {
        fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
            batch.clear();
        }
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn outbox(count: usize, size: usize) -> Outbox {
        let outgoing = |token| Outgoing {
            message: Message::new(vec![0_u8; size]),
            completion: Completion::new(token, Arc::new(Nobody)),
        };
        (0..count as u64).map(outgoing).collect()
    }

    #[test]
    fn a_full_queue_leaves_the_rest_and_wakes_when_half_of_it_is_taken() {
        let outlet = Outlet::default();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let mut cx = Context::from_waker(&waker);
        let mut outbox = outbox(MESSAGES + 7, 1);
        assert!(outlet.poll_publish(&mut cx, &mut outbox).is_pending());
        assert!(outlet.poll_publish(&mut cx, &mut outbox).is_pending());
        assert_eq!(outbox.len(), 7);
        assert!(outlet.changed().now_or_never().is_some(), "the task has work");
        let mut taken = Vec::new();
        outlet.take(MESSAGES / 2 - 1, usize::MAX, &mut taken);
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        outlet.take(1, usize::MAX, &mut taken);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1, "once, however often it was polled");
        assert!(outlet.poll_publish(&mut cx, &mut outbox).is_ready());
        assert_eq!(taken.len(), MESSAGES / 2);
    }

    #[test]
    fn a_flush_waits_for_every_report() {
        let outlet = Outlet::default();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let mut cx = Context::from_waker(&waker);
        assert!(outlet.poll_flush(&mut cx).is_ready());
        assert!(outlet.poll_publish(&mut cx, &mut outbox(2, 1)).is_ready());
        assert!(outlet.poll_flush(&mut cx).is_pending());
        outlet.take(2, usize::MAX, &mut Vec::new());
        outlet.reported(1);
        assert!(outlet.poll_flush(&mut cx).is_pending());
        outlet.reported(1);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(outlet.poll_flush(&mut cx).is_ready());
    }

    #[test]
    fn bytes_bound_what_is_held_and_what_is_taken_but_never_a_single_message() {
        let outlet = Outlet::default();
        let mut cx = Context::from_waker(Waker::noop());
        let mut outbox = outbox(3, BYTES);
        assert!(outlet.poll_publish(&mut cx, &mut outbox).is_pending());
        assert_eq!(outbox.len(), 2);
        let mut taken = Vec::new();
        outlet.take(10, 5, &mut taken);
        assert_eq!(taken.len(), 1);
        let mut small = self::outbox(4, 2);
        assert!(outlet.poll_publish(&mut cx, &mut small).is_ready());
        outlet.take(10, 5, &mut taken);
        assert_eq!(taken.len(), 3);
    }
}
