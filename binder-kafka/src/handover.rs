//! Where the poll thread and the async side meet.
//!
//! Neither waits for the other: the thread leaves deliveries and notices and wakes a task, the
//! task leaves settlements and wishes and rings a bell. Both take a lock for a batch, never for a
//! message.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use binder_core::{Delivery, Error, ErrorKind, Incoming, Result, Room, Settlement, Tag};

use crate::bell::Bell;
use crate::sync::{AtomicBool, Mutex, Ordering, lock};

/// Deliveries that may wait to be taken.
const CAPACITY: usize = 2048;

/// The meeting place of one subscription.
#[derive(Debug)]
pub(crate) struct Handover {
    slot: Mutex<Slot>,
    settled: Mutex<Vec<(Tag, Settlement)>>,
    /// Settlements that are worth waking the thread for.
    plenty: usize,
    /// The thread can do nothing before the next settlement.
    urgent: AtomicBool,
    bell: Arc<Bell>,
}

#[derive(Debug, Default)]
struct Slot {
    notices: VecDeque<Incoming>,
    deliveries: VecDeque<Delivery>,
    /// Of the messages in `deliveries`.
    bytes: usize,
    failure: Option<Error>,
    waker: Option<Waker>,
    /// The task that sleeps has room for deliveries.
    wants: bool,
    /// The thread has found no room and sleeps.
    full: bool,
    closing: bool,
    end: Option<Result<()>>,
}

impl Handover {
    /// An empty one; `plenty` settlements at once wake the thread.
    pub(crate) fn new(bell: Arc<Bell>, plenty: usize) -> Self {
        Self {
            slot: Mutex::default(),
            settled: Mutex::default(),
            plenty,
            urgent: AtomicBool::new(false),
            bell,
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
            let thirsty = slot.full && slot.deliveries.len() <= CAPACITY / 2;
            slot.full &= !thirsty;
            drop(slot);
            if thirsty {
                self.bell.ring();
            }
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
        slot.bytes = 0;
        if let Some(end) = &mut slot.end {
            return Poll::Ready(std::mem::replace(end, Ok(())));
        }
        slot.waker = Some(cx.waker().clone());
        slot.closing = true;
        drop(slot);
        self.bell.ring();
        Poll::Pending
    }

    /// Tells the thread to end; nobody waits for it.
    pub(crate) fn abandon(&self) {
        let mut slot = lock(&self.slot);
        slot.closing = true;
        slot.waker = None;
        drop(slot);
        self.bell.ring();
    }

    /// See [`Acker::settle`](binder_core::Acker::settle).
    pub(crate) fn settle(&self, batch: &[(Tag, Settlement)]) {
        let count = {
            let mut settled = lock(&self.settled);
            settled.extend_from_slice(batch);
            settled.len()
        };
        if count >= self.plenty || self.urgent.load(Ordering::Acquire) {
            self.bell.ring();
        }
    }
}

/// The thread's side.
impl Handover {
    /// How many deliveries may be offered now; none means that the bell rings when there is room.
    pub(crate) fn room(&self) -> usize {
        let mut slot = lock(&self.slot);
        let room = CAPACITY.saturating_sub(slot.deliveries.len());
        slot.full = room == 0;
        room
    }

    /// Leaves deliveries; a task that has no room for them is not woken.
    pub(crate) fn offer(&self, deliveries: &mut Vec<Delivery>) {
        let waker = {
            let mut slot = lock(&self.slot);
            slot.bytes += deliveries.iter().map(|delivery| delivery.message.size()).sum::<usize>();
            if slot.deliveries.is_empty() {
                // The memory changes sides, so that no delivery is moved.
                let empty = std::mem::take(&mut slot.deliveries);
                slot.deliveries = std::mem::replace(deliveries, empty.into()).into();
            } else {
                slot.deliveries.extend(deliveries.drain(..));
            }
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

    /// Takes back what was offered and not taken of some partitions, which is gone with them.
    pub(crate) fn withdraw(&self, partitions: &[u32]) -> Vec<Tag> {
        let mut withdrawn = Vec::new();
        let mut slot = lock(&self.slot);
        let mut bytes = 0;
        slot.deliveries.retain(|delivery| {
            let gone = partitions.contains(&delivery.tag.partition);
            if gone {
                withdrawn.push(delivery.tag);
                bytes += delivery.message.size();
            }
            !gone
        });
        slot.bytes -= bytes;
        withdrawn
    }

    /// Leaves the error that ends the subscription.
    pub(crate) fn fail(&self, failure: Error) {
        self.tell(|slot| slot.failure = Some(failure));
    }

    /// The thread is done.
    pub(crate) fn end(&self, result: Result<()>) {
        self.tell(|slot| slot.end = Some(result));
    }

    /// Whether the async side wants an end.
    pub(crate) fn is_closing(&self) -> bool {
        lock(&self.slot).closing
    }

    /// Whether the next settlement, however small, shall ring the bell.
    pub(crate) fn set_urgent(&self, urgent: bool) {
        self.urgent.store(urgent, Ordering::Release);
    }

    /// Whether settlements wait to be taken.
    pub(crate) fn is_settled(&self) -> bool {
        !lock(&self.settled).is_empty()
    }

    /// Moves the settlements so far into an empty buffer, which is used again.
    pub(crate) fn take_settled(&self, into: &mut Vec<(Tag, Settlement)>) {
        std::mem::swap(&mut *lock(&self.settled), into);
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
        let count = self.deliveries.len();
        if batch.is_empty() && count > 0 && count <= room.messages && self.bytes <= room.bytes {
            let empty = std::mem::take(batch);
            *batch = std::mem::replace(&mut self.deliveries, empty.into()).into();
            self.bytes = 0;
            return true;
        }
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
        let taken = self.deliveries.drain(..count);
        batch.extend(taken.inspect(|delivery| self.bytes -= delivery.message.size()));
        count > 0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use binder_core::Message;

    use super::*;

    fn delivery(partition: u32, sequence: u64) -> Delivery {
        let tag = Tag { epoch: 1, partition, sequence };
        Delivery { message: Message::new("0123456789"), tag, earlier_attempts: 0 }
    }

    fn handover() -> (Handover, Arc<Bell>) {
        let bell = Arc::new(Bell::default());
        (Handover::new(bell.clone(), 8), bell)
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
        let (handover, _) = handover();
        handover.offer(&mut (0..5).map(|n| delivery(0, n)).collect());
        assert_eq!(next(&handover, 0, 100).0, None);
        assert_eq!(next(&handover, 10, 25).1, [0, 1]);
        assert_eq!(next(&handover, 1, 100).1, [2]);
        assert_eq!(next(&handover, 10, 1).1, [3]);
        assert_eq!(next(&handover, 10, 100), (Some(Incoming::Deliveries), vec![4]));
        assert_eq!(next(&handover, 10, 100).0, None);
    }

    #[test]
    fn notices_come_first_and_withdrawn_deliveries_never() {
        let (handover, _) = handover();
        handover.offer(&mut vec![delivery(0, 1), delivery(1, 2), delivery(0, 3)]);
        assert_eq!(handover.withdraw(&[0]).len(), 2);
        handover.notice(Incoming::Revoked(Vec::new()));
        assert_eq!(next(&handover, 10, 100).0, Some(Incoming::Revoked(Vec::new())));
        assert_eq!(next(&handover, 10, 100).1, [2]);
    }

    #[test]
    fn a_task_without_room_is_woken_by_notices_alone() {
        struct Woken(AtomicBool);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let (handover, _) = handover();
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(woken.clone());
        let room = Room { messages: 0, bytes: 0 };
        let mut cx = Context::from_waker(&waker);
        assert!(handover.poll_next(&mut cx, room, &mut Vec::new()).is_pending());
        handover.offer(&mut vec![delivery(0, 1)]);
        assert!(!woken.0.load(Ordering::Relaxed));
        handover.notice(Incoming::Revoked(Vec::new()));
        assert!(woken.0.load(Ordering::Relaxed));
        assert!(handover.poll_next(&mut cx, room, &mut Vec::new()).is_ready());
    }

    #[test]
    fn the_bell_rings_for_room_plenty_and_what_is_urgent() {
        let (handover, bell) = handover();
        let rung = || bell.wait(Duration::ZERO);
        handover.offer(&mut (0..2048).map(|n| delivery(0, n)).collect());
        assert_eq!(handover.room(), 0);
        next(&handover, 1023, usize::MAX);
        assert!(!rung());
        next(&handover, 1, usize::MAX);
        assert!(rung());
        let one = [(delivery(0, 0).tag, Settlement::Ack)];
        handover.settle(&one.repeat(7));
        assert!(!rung());
        handover.settle(&one);
        assert!(rung());
        handover.take_settled(&mut Vec::new());
        handover.set_urgent(true);
        handover.settle(&one);
        assert!(rung());
    }

    #[test]
    fn a_failure_is_told_once_and_a_close_ends() {
        let (handover, _) = handover();
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
