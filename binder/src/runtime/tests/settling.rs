//! What was decided is told to the broker before the subscription is closed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use binder_core::{Acker, Delivery, Message, Settlement, Tag};
use futures::task::noop_waker;

use super::bench::Bench;
use crate::function::outputs::Outputs;
use crate::runtime::flow::{Effects, Flow, Report, Tried};
use crate::runtime::outboxes::Outboxes;
use crate::runtime::spawn::Executor;

/// Asks, while it is told of a settlement, whether the flow counts as drained already.
#[derive(Default)]
struct Curious {
    flow: OnceLock<Weak<Flow>>,
    too_early: AtomicBool,
}

impl Acker for Curious {
    fn settle(&self, _: &[(Tag, Settlement)]) {
        let flow = self.flow.get().and_then(Weak::upgrade).unwrap();
        self.too_early.fetch_or(flow.is_drained(), Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flow_is_not_drained_before_its_last_settlement_is_told() {
    let acker = Arc::new(Curious::default());
    let flow = Flow::new(Bench::new(Executor::current()).plan, acker.clone(), 1, Arc::default());
    acker.flow.set(Arc::downgrade(&flow)).unwrap();
    let tag = Tag { epoch: 1, partition: 0, sequence: 0 };
    let delivery = Delivery { message: Message::new("x"), tag, earlier_attempts: 0 };
    let (waker, mut effects) = (noop_waker(), Effects::default());
    flow.accept(&mut vec![delivery], &mut effects);
    let mut taken = std::collections::VecDeque::new();
    flow.take(0, 1, &mut taken, &std::task::Context::from_waker(&waker)).unwrap();
    flow.drain(None);
    let report = Report::of(taken.pop_front().unwrap(), Tried::Returned { outputs: 0 });
    let (mut outputs, mut outboxes) = (Outputs::new(), Outboxes::new(Vec::new(), flow.clone()));
    flow.report(&mut vec![report], &mut outputs, &mut outboxes, &mut effects);
    assert!(!acker.too_early.load(Ordering::Relaxed), "closed under a settlement");
    assert!(flow.is_drained());
}
