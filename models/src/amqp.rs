//! RabbitMQ's task and those who call it: `binder-amqp/src/handover.rs`, `outlet.rs`.

use std::sync::Arc;

use binder_core::{
    Completed, Completion, Completions, Incoming, Message, Outbox, Outgoing, Room, Settlement,
};
use bytes::Bytes;

use crate::channel_handover::Handover;
use crate::common::{beside, check, delivery, wait};
use crate::outlet::Outlet;

const ROOM: Room = Room { messages: 1 << 20, bytes: 1 << 20 };

/// What the task leaves wakes whoever reads, comes in order, and a notice before what follows it.
pub fn everything_that_is_left_arrives() {
    check(3, || {
        let handover = Arc::new(Handover::new(8));
        let task = beside(&handover, |handover| {
            handover.offer(&mut vec![delivery(0)]);
            handover.notice(Incoming::Revoked(Vec::new()));
            handover.offer(&mut vec![delivery(1)]);
            handover.end(Ok(()));
        });
        let (mut came, mut batch, mut revoked) = (Vec::new(), Vec::new(), None);
        loop {
            match wait(|cx| handover.poll_next(cx, ROOM, &mut batch)) {
                Ok(Incoming::Deliveries) => {
                    came.extend(batch.drain(..).map(|delivery| delivery.tag.sequence));
                }
                Ok(_) => assert!(revoked.replace(came.len()).is_none(), "revoked twice"),
                Err(_) => break,
            }
        }
        assert_eq!(came, [0, 1]);
        assert!(revoked.is_some_and(|before| before < 2), "a notice came behind what follows it");
        task.join().unwrap();
    });
}

/// A delivery by itself wakes whoever reads, and its settlement the task.
pub fn a_delivery_goes_there_and_back() {
    check(3, || {
        let handover = Arc::new(Handover::new(100));
        let task = beside(&handover, |handover| {
            handover.offer(&mut vec![delivery(0)]);
            while !handover.settlements().0 {
                loom::future::block_on(handover.changed());
            }
        });
        let mut batch = Vec::new();
        let came = wait(|cx| handover.poll_next(cx, ROOM, &mut batch));
        assert_eq!(came.ok(), Some(Incoming::Deliveries));
        handover.settle(&[(batch[0].tag, Settlement::Ack)]);
        task.join().unwrap();
    });
}

/// The task hears when settlements are plenty, whoever settles.
pub fn plenty_of_settlements_are_heard_of() {
    check(3, || {
        let handover = Arc::new(Handover::new(2));
        let other = beside(&handover, |handover| {
            handover.settle(&[(delivery(0).tag, Settlement::Ack)]);
        });
        let task = beside(&handover, |handover| {
            while !handover.settlements().1 {
                loom::future::block_on(handover.changed());
            }
        });
        handover.settle(&[(delivery(1).tag, Settlement::Ack)]);
        other.join().unwrap();
        task.join().unwrap();
    });
}

/// The task hears of the first settlement and takes them all, whoever settles.
pub fn settlements_are_heard_of() {
    check(3, || {
        let handover = Arc::new(Handover::new(100));
        let other = beside(&handover, |handover| {
            handover.settle(&[(delivery(0).tag, Settlement::Ack)]);
        });
        let task = beside(&handover, |handover| {
            let (mut all, mut taken) = (0, Vec::new());
            while all < 2 {
                loom::future::block_on(handover.changed());
                if handover.settlements().0 {
                    handover.take_settled(&mut taken);
                    all += taken.drain(..).count();
                }
            }
        });
        handover.settle(&[(delivery(1).tag, Settlement::Ack)]);
        other.join().unwrap();
        task.join().unwrap();
    });
}

/// A settlement that meets the end of its task is late, and never kept for nobody.
pub fn a_settlement_at_the_end_is_not_kept() {
    check(3, || {
        let handover = Arc::new(Handover::new(8));
        let task = beside(&handover, |handover| handover.end(Ok(())));
        handover.settle(&[(delivery(0).tag, Settlement::Ack)]);
        task.join().unwrap();
        assert_eq!(handover.settlements(), (false, false));
        assert!(wait(|cx| handover.poll_close(cx)).is_ok());
    });
}

/// A close wakes the task, and its end whoever closes.
pub fn a_close_ends_both() {
    check(3, || {
        let handover = Arc::new(Handover::new(8));
        let task = beside(&handover, |handover| {
            while !handover.is_closing() {
                loom::future::block_on(handover.changed());
            }
            handover.end(Ok(()));
        });
        assert!(wait(|cx| handover.poll_close(cx)).is_ok());
        task.join().unwrap();
    });
}

struct Nobody;

impl Completions for Nobody {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        batch.clear();
    }
}

/// More than the half of what an output holds.
static LARGE: [u8; 20 << 20] = [0; 20 << 20];

fn outbox(count: u64) -> Outbox {
    let nobody: Arc<dyn Completions> = Arc::new(Nobody);
    let message = || Message::new(Bytes::from_static(&LARGE));
    let outgoing = |token| {
        let completion = Completion::new(token, nobody.clone());
        Outgoing { message: message(), completion }
    };
    (0..count).map(outgoing).collect()
}

/// Publishing waits for room and goes on, the task hears of each message, a flush waits for the
/// reports of all, and the task hears of the end.
pub fn what_is_published_is_taken_and_flushed() {
    check(2, || {
        let outlet = Arc::new(Outlet::default());
        let task = beside(&outlet, |outlet| {
            let (mut all, mut taken) = (0, Vec::new());
            loop {
                outlet.take(1, usize::MAX, &mut taken);
                let count = taken.drain(..).count();
                all += count;
                outlet.reported(count);
                if outlet.is_closed() && outlet.is_empty() {
                    return all;
                }
                if count == 0 {
                    loom::future::block_on(outlet.changed());
                }
            }
        });
        let mut outbox = outbox(3);
        wait(|cx| outlet.poll_publish(cx, &mut outbox));
        wait(|cx| outlet.poll_flush(cx));
        outlet.close();
        assert_eq!(task.join().unwrap(), 3);
    });
}
