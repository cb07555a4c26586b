//! Where a consumer's task and the async side meet.
//!
//! Neither waits for the other: the task leaves deliveries and notices and wakes whoever polls;
//! the other side leaves settlements and wishes and wakes the task. Both take a lock for a batch,
//! never for a message. What waits here was sent within the prefetch, which bounds it.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use binder_core::{Delivery, Error, ErrorKind, Incoming, Result, Room, Settlement, Tag};

use crate::sync::{AtomicU64, Mutex, Notify, Ordering, lock};

/// The meeting place of one subscription.
#[derive(Debug)]
pub(crate) struct Handover {
    slot: Mutex<Slot>,
    settled: Mutex<Settled>,
    /// Settlements that are worth telling the broker of at once.
    plenty: usize,
    late: AtomicU64,
    task: Notify,
}

#[derive(Debug, Default)]
struct Slot {
    notices: VecDeque<Incoming>,
    deliveries: VecDeque<Delivery>,
    failure: Option<Error>,
    waker: Option<Waker>,
    /// The task that sleeps has room for deliveries.
    wants: bool,
    closing: bool,
    end: Option<Result<()>>,
}

#[derive(Debug, Default)]
struct Settled {
    batch: Vec<(Tag, Settlement)>,
    /// Nobody takes them any more.
    over: bool,
}

impl Handover {
    /// An empty one; `plenty` settlements at once are told to the broker without delay.
    pub(crate) fn new(plenty: usize) -> Self {
        Self {
            slot: Mutex::default(),
            settled: Mutex::default(),
            plenty,
            late: AtomicU64::new(0),
            task: Notify::new(),
        }
    }
}

/// The async side.
impl Handover {
    /// See [`Subscription::poll_next`](binder_core::Subscription::poll_next).
    pub(crate) fn poll_next(
        &self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Result<Incoming>> {
        let mut slot = lock(&self.slot);
        if let Some(notice) = slot.notices.pop_front() {
            return Poll::Ready(Ok(notice));
        }
        if slot.take(room, batch) {
            return Poll::Ready(Ok(Incoming::Deliveries));
        }
        if let Some(failure) = slot.failure.take() {
            return Poll::Ready(Err(failure));
        }
        if slot.end.is_some() {
            return Poll::Ready(Err(Error::new(ErrorKind::Closed, "the subscription is closed")));
        }
        slot.waker = Some(cx.waker().clone());
        slot.wants = room.messages > 0;
        Poll::Pending
    }

    /// See [`Subscription::poll_close`](binder_core::Subscription::poll_close).
    pub(crate) fn poll_close(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut slot = lock(&self.slot);
        slot.deliveries.clear();
        if let Some(end) = &mut slot.end {
            return Poll::Ready(std::mem::replace(end, Ok(())));
        }
        slot.waker = Some(cx.waker().clone());
        slot.closing = true;
        drop(slot);
        self.task.notify_one();
        Poll::Pending
    }

    /// Tells the task to end; nobody waits for it.
    pub(crate) fn abandon(&self) {
        let mut slot = lock(&self.slot);
        slot.closing = true;
        slot.waker = None;
        drop(slot);
        self.task.notify_one();
    }

    /// See [`Acker::settle`](binder_core::Acker::settle).
    pub(crate) fn settle(&self, batch: &[(Tag, Settlement)]) {
        let mut settled = lock(&self.settled);
        if settled.over {
            drop(settled);
            self.count_late(batch.len());
            return;
        }
        let before = settled.batch.len();
        settled.batch.extend_from_slice(batch);
        let now = settled.batch.len();
        drop(settled);
        // The first starts the clock, plenty stops it.
        if before == 0 || (before < self.plenty && now >= self.plenty) {
            self.task.notify_one();
        }
    }
}

/// The task's side.
impl Handover {
    /// Ready when the other side has left something since the last time.
    pub(crate) async fn changed(&self) {
        self.task.notified().await;
    }

    /// Leaves deliveries; whoever has no room for them is not woken.
    pub(crate) fn offer(&self, deliveries: &mut Vec<Delivery>) {
        let waker = {
            let mut slot = lock(&self.slot);
            slot.deliveries.extend(deliveries.drain(..));
            if slot.wants { slot.waker.take() } else { None }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Leaves a notice, which is seen before any delivery.
    pub(crate) fn notice(&self, notice: Incoming) {
        self.tell(|slot| slot.notices.push_back(notice));
    }

    /// Takes back what was offered and not taken: its channel is gone.
    pub(crate) fn withdraw(&self) {
        lock(&self.slot).deliveries.clear();
    }

    /// Leaves the error that ends the subscription.
    pub(crate) fn fail(&self, failure: Error) {
        self.tell(|slot| slot.failure = Some(failure));
    }

    /// The task is done.
    pub(crate) fn end(&self, result: Result<()>) {
        let left = {
            let mut settled = lock(&self.settled);
            settled.over = true;
            std::mem::take(&mut settled.batch).len()
        };
        self.count_late(left);
        self.tell(|slot| slot.end = Some(result));
    }

    /// Whether the async side wants an end.
    pub(crate) fn is_closing(&self) -> bool {
        lock(&self.slot).closing
    }

    /// Whether settlements wait, and whether they are plenty.
    pub(crate) fn settlements(&self) -> (bool, bool) {
        let count = lock(&self.settled).batch.len();
        (count > 0, count >= self.plenty)
    }

    /// Moves the settlements so far into an empty buffer, which is used again.
    pub(crate) fn take_settled(&self, into: &mut Vec<(Tag, Settlement)>) {
        std::mem::swap(&mut lock(&self.settled).batch, into);
    }

    /// Counts settlements that came too late: the broker delivers again.
    pub(crate) fn count_late(&self, count: usize) {
        if count > 0 {
            let all = self.late.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
            tracing::debug!(count, all, "settlements of a channel that is gone");
        }
    }

    fn tell(&self, what: impl FnOnce(&mut Slot)) {
        let waker = {
            let mut slot = lock(&self.slot);
            what(&mut slot);
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Slot {
    /// Moves what there is room for, a message of any size alone; says whether there was any.
    fn take(&mut self, room: Room, batch: &mut Vec<Delivery>) -> bool {
        let mut bytes = 0_usize;
        let count = self
            .deliveries
            .iter()
            .take(room.messages)
            .enumerate()
            .take_while(|(index, delivery)| {
                bytes = bytes.saturating_add(delivery.message.size());
                *index == 0 || bytes <= room.bytes
            })
            .count();
        batch.extend(self.deliveries.drain(..count));
        count > 0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use binder_core::Message;
    use futures::FutureExt;

    use super::*;

    fn delivery(sequence: u64) -> Delivery {
        let tag = Tag { epoch: 1, partition: 0, sequence };
        Delivery { message: Message::new("0123456789"), tag, earlier_attempts: 0 }
    }

    fn next(handover: &Handover, messages: usize, bytes: usize) -> (Option<Incoming>, Vec<u64>) {
        let mut batch = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        let got = match handover.poll_next(&mut cx, Room { messages, bytes }, &mut batch) {
            Poll::Ready(incoming) => Some(incoming.unwrap()),
            Poll::Pending => None,
        };
        (got, batch.iter().map(|delivery| delivery.tag.sequence).collect())
    }

    #[test]
    fn no_more_than_room_is_taken_and_one_message_always() {
        let handover = Handover::new(8);
        handover.offer(&mut (0..5).map(delivery).collect());
        assert_eq!(next(&handover, 0, 100).0, None);
        assert_eq!(next(&handover, 10, 25).1, [0, 1]);
        assert_eq!(next(&handover, 1, 100).1, [2]);
        assert_eq!(next(&handover, 10, 1).1, [3]);
        assert_eq!(next(&handover, 10, 100), (Some(Incoming::Deliveries), vec![4]));
        assert_eq!(next(&handover, 10, 100).0, None);
    }

    #[test]
    fn notices_come_first_and_what_was_withdrawn_never() {
        let handover = Handover::new(8);
        handover.offer(&mut vec![delivery(1)]);
        handover.withdraw();
        handover.notice(Incoming::Revoked(Vec::new()));
        handover.offer(&mut vec![delivery(2)]);
        assert_eq!(next(&handover, 10, 100).0, Some(Incoming::Revoked(Vec::new())));
        assert_eq!(next(&handover, 10, 100).1, [2]);
    }

    #[test]
    fn whoever_has_no_room_is_woken_by_notices_alone() {
        struct Woken(AtomicBool);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let handover = Handover::new(8);
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(woken.clone());
        let room = Room { messages: 0, bytes: 0 };
        let mut cx = Context::from_waker(&waker);
        assert!(handover.poll_next(&mut cx, room, &mut Vec::new()).is_pending());
        handover.offer(&mut vec![delivery(1)]);
        assert!(!woken.0.load(Ordering::Relaxed));
        handover.notice(Incoming::Revoked(Vec::new()));
        assert!(woken.0.load(Ordering::Relaxed));
    }

    #[test]
    fn the_task_hears_of_the_first_settlement_and_of_plenty() {
        let handover = Handover::new(3);
        let heard = || handover.changed().now_or_never().is_some();
        let one = [(delivery(0).tag, Settlement::Ack)];
        assert!(!heard());
        handover.settle(&one);
        assert!(heard());
        assert_eq!(handover.settlements(), (true, false));
        handover.settle(&one);
        assert!(!heard());
        handover.settle(&one);
        assert!(heard());
        assert_eq!(handover.settlements(), (true, true));
        handover.take_settled(&mut Vec::new());
        handover.settle(&one);
        assert!(heard());
    }

    #[test]
    fn after_the_end_settlements_are_late_and_nothing_is_kept() {
        let handover = Handover::new(3);
        let one = [(delivery(0).tag, Settlement::Ack)];
        handover.settle(&one);
        handover.end(Ok(()));
        handover.settle(&one);
        assert_eq!(handover.late.load(Ordering::Relaxed), 2);
        assert_eq!(handover.settlements(), (false, false));
    }

    #[test]
    fn a_failure_is_told_once_and_a_close_ends() {
        let handover = Handover::new(8);
        handover.fail(Error::new(ErrorKind::Auth, "no"));
        handover.end(Ok(()));
        let mut cx = Context::from_waker(Waker::noop());
        let room = Room { messages: 1, bytes: 1 };
        let mut poll = || match handover.poll_next(&mut cx, room, &mut Vec::new()) {
            Poll::Ready(Err(why)) => why.kind(),
            other => panic!("{other:?}"),
        };
        assert_eq!(poll(), ErrorKind::Auth);
        assert_eq!(poll(), ErrorKind::Closed);
        assert!(matches!(handover.poll_close(&mut cx), Poll::Ready(Ok(()))));
    }
}
