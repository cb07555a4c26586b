//! Kafka's poll thread and the task that reads: `binder-kafka/src/handover.rs`, `bell.rs`.

use std::sync::Arc;
use std::time::Duration;

use binder_core::{Incoming, Room, Settlement};

use crate::bell::Bell;
use crate::common::{beside, check, delivery, wait};
use crate::handover::Handover;

const ROOM: Room = Room { messages: 1 << 20, bytes: 1 << 20 };
/// Nothing in a model times out.
const FOR_EVER: Duration = Duration::from_secs(1);

fn meeting(plenty: usize) -> (Arc<Bell>, Arc<Handover>) {
    let bell = Arc::new(Bell::default());
    (bell.clone(), Arc::new(Handover::new(bell, plenty)))
}

/// What the thread leaves wakes the task, comes in order, and a notice before what follows it.
pub fn everything_that_is_left_arrives() {
    check(3, || {
        let (_, handover) = meeting(8);
        let thread = beside(&handover, |handover| {
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
        thread.join().unwrap();
    });
}

/// A delivery by itself wakes the task, and its settlement the thread.
pub fn a_delivery_goes_there_and_back() {
    check(3, || {
        let (bell, handover) = meeting(100);
        let thread = beside(&handover, move |handover| {
            handover.set_urgent(true);
            handover.offer(&mut vec![delivery(0)]);
            while !handover.is_settled() {
                bell.wait(FOR_EVER);
            }
        });
        let mut batch = Vec::new();
        let came = wait(|cx| handover.poll_next(cx, ROOM, &mut batch));
        assert_eq!(came.ok(), Some(Incoming::Deliveries));
        handover.settle(&[(batch[0].tag, Settlement::Ack)]);
        thread.join().unwrap();
    });
}

/// A task without room for deliveries is not woken by them, and is by the end.
pub fn a_task_without_room_hears_of_the_end() {
    check(3, || {
        let (_, handover) = meeting(8);
        let thread = beside(&handover, |handover| {
            handover.offer(&mut vec![delivery(0)]);
            handover.end(Ok(()));
        });
        let none = Room { messages: 0, bytes: 0 };
        assert!(wait(|cx| handover.poll_next(cx, none, &mut Vec::new())).is_err());
        thread.join().unwrap();
    });
}

/// A thread that can do nothing before the next settlement hears of it, however it comes.
pub fn a_settlement_that_is_waited_for_rings() {
    check(3, || {
        let (bell, handover) = meeting(100);
        let thread = beside(&handover, move |handover| {
            let mut taken = Vec::new();
            while taken.len() < 2 {
                handover.set_urgent(true);
                // One that came before the line above rang no bell.
                if !handover.is_settled() {
                    bell.wait(FOR_EVER);
                }
                let mut settled = Vec::new();
                handover.take_settled(&mut settled);
                taken.append(&mut settled);
            }
            taken.len()
        });
        for sequence in 0..2 {
            handover.settle(&[(delivery(sequence).tag, Settlement::Ack)]);
        }
        assert_eq!(thread.join().unwrap(), 2);
    });
}

/// As many settlements as are worth a commit wake a thread that only sleeps.
pub fn plenty_of_settlements_ring() {
    check(3, || {
        let (bell, handover) = meeting(2);
        let other = beside(&handover, |handover| {
            handover.settle(&[(delivery(0).tag, Settlement::Ack)]);
        });
        handover.settle(&[(delivery(1).tag, Settlement::Ack)]);
        bell.wait(FOR_EVER);
        let mut taken = Vec::new();
        handover.take_settled(&mut taken);
        assert_eq!(taken.len(), 2);
        other.join().unwrap();
    });
}

/// A thread that found no room hears when there is some again.
pub fn room_that_is_made_rings() {
    check(3, || {
        let (bell, handover) = meeting(100);
        let thread = beside(&handover, move |handover| {
            let mut left = vec![2_050, 1];
            while let Some(count) = left.pop() {
                while handover.room() == 0 {
                    bell.wait(FOR_EVER);
                }
                handover.offer(&mut (0..count).map(delivery).collect());
            }
            while handover.room() == 0 {
                bell.wait(FOR_EVER);
            }
            handover.end(Ok(()));
        });
        // The first take of them makes too little room for the thread.
        let some = Room { messages: 1_000, ..ROOM };
        let (mut came, mut batch) = (0, Vec::new());
        while wait(|cx| handover.poll_next(cx, some, &mut batch)).is_ok() {
            came += batch.drain(..).count();
        }
        assert_eq!(came, 2_051);
        thread.join().unwrap();
    });
}

/// A close wakes the thread, and its end the task that closes.
pub fn a_close_ends_both() {
    check(3, || {
        let (bell, handover) = meeting(8);
        let thread = beside(&handover, move |handover| {
            while !handover.is_closing() {
                bell.wait(FOR_EVER);
            }
            handover.end(Ok(()));
        });
        assert!(wait(|cx| handover.poll_close(cx)).is_ok());
        thread.join().unwrap();
    });
}

/// A subscription that is dropped ends the thread, whatever it sleeps for.
pub fn a_drop_ends_the_thread() {
    check(3, || {
        let (bell, handover) = meeting(8);
        let thread = beside(&handover, move |handover| {
            handover.offer(&mut vec![delivery(0)]);
            while !handover.is_closing() {
                bell.wait(FOR_EVER);
            }
        });
        handover.abandon();
        thread.join().unwrap();
    });
}
