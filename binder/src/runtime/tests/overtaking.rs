//! A message does not overtake an earlier one that was refused, however full its publisher is.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use binder_core::{
    Acker, Completed, Delivery, Destination, Error, ErrorKind, Message, Outbox, Outgoing,
    Publisher, Settlement, Tag,
};
use tokio::time::Instant;

use super::bench::Bench;
use crate::function::failure::Failure;
use crate::function::outputs::Outputs;
use crate::function::slot::Steps;
use crate::function::token::Token;
use crate::runtime::emit::{Emission, EmitTask};
use crate::runtime::flow::{Effects, Flow, Report, Tried};
use crate::runtime::outboxes::Outboxes;
use crate::runtime::plan::OutputPlan;
use crate::runtime::spawn::Executor;

/// Has as much room as the test says, like a queue that is shared with others.
#[derive(Default)]
struct Shared {
    room: AtomicUsize,
    taken: Mutex<Vec<Outgoing>>,
}

impl Shared {
    fn with_room(room: usize) -> Arc<Self> {
        Arc::new(Self { room: room.into(), ..Self::default() })
    }

    /// Refuses, for now, what was taken last.
    fn refuse(&self) {
        let last = self.taken.lock().unwrap().pop().unwrap();
        let why = Error::new(ErrorKind::Publish, "no leader").transient(true);
        last.completion.report(Completed::Refused(why));
    }

    fn texts(&self) -> Vec<String> {
        let text = |taken: &Outgoing| {
            String::from_utf8_lossy(taken.message.payload.as_deref().unwrap()).into_owned()
        };
        self.taken.lock().unwrap().iter().map(text).collect()
    }
}

impl Publisher for Shared {
    fn poll_publish(&self, _: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()> {
        while self.room.load(Ordering::Relaxed) > 0 {
            let Some(next) = outbox.pop_front() else { break };
            self.room.fetch_sub(1, Ordering::Relaxed);
            self.taken.lock().unwrap().push(next);
        }
        if outbox.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_flush(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

struct Deaf;

impl Acker for Deaf {
    fn settle(&self, _: &[(Tag, Settlement)]) {}
}

fn delivery(sequence: u64) -> Delivery {
    let tag = Tag { epoch: 1, partition: 0, sequence };
    Delivery { message: Message::new(sequence.to_string()), tag, earlier_attempts: 0 }
}

/// Hands the outputs of two messages over, of which the publisher takes the first.
fn two_returned(flow: &Flow, outboxes: &mut Outboxes, cx: &mut Context<'_>) {
    let (mut effects, mut queue) = (Effects::default(), VecDeque::new());
    flow.accept(&mut vec![delivery(0), delivery(1)], &mut effects);
    flow.take(0, 128, &mut queue, cx).unwrap();
    let mut outputs = Outputs::new();
    let mut reports = Vec::new();
    for item in queue {
        outputs.push(0, item.message.clone());
        reports.push(Report::of(item, Tried::Returned { outputs: 1 }));
    }
    flow.report(&mut reports, &mut outputs, outboxes, &mut effects);
    assert!(flow.publish(outboxes, cx).is_pending());
}

#[tokio::test(start_paused = true)]
async fn the_pump_is_full_with_what_was_refused_and_a_lane_task_comes_first() {
    let flow = Flow::new(Bench::new(Executor::current()).plan, Arc::new(Deaf), 1, Arc::default());
    let publisher = Shared::with_room(1);
    let boxes = || Outboxes::new(vec![publisher.clone() as Arc<dyn Publisher>], flow.clone());
    let (mut lane, mut pump, mut effects) = (boxes(), boxes(), Effects::default());
    let cx = &mut Context::from_waker(Waker::noop());
    two_returned(&flow, &mut lane, cx);
    publisher.refuse();
    // Its room goes to another function meanwhile, so the pump finds none either.
    flow.tick(Instant::now(), &mut Vec::new(), &mut pump, &mut effects);
    tokio::time::advance(Duration::from_secs(1)).await;
    flow.tick(Instant::now(), &mut Vec::new(), &mut pump, &mut effects);
    assert!(flow.publish_again(&mut pump, cx).is_pending());
    publisher.room.store(2, Ordering::Relaxed);
    assert!(flow.publish(&mut lane, cx).is_ready());
    assert!(flow.publish_again(&mut pump, cx).is_ready());
    assert_eq!(publisher.texts(), ["0"]);
    // What was parked goes out when nothing is refused any more.
    let first = publisher.taken.lock().unwrap().pop().unwrap();
    flow.handed(&mut effects);
    first.completion.report(Completed::Confirmed(Default::default()));
    for _ in 0..2 {
        flow.tick(Instant::now(), &mut Vec::new(), &mut pump, &mut effects);
    }
    assert!(flow.publish_again(&mut pump, cx).is_ready());
    assert_eq!(publisher.texts(), ["1"]);
}

/// Yields 0, and 1 after 0 was refused while 1 was made.
struct Two(Arc<Shared>, usize);

impl Steps for Two {
    fn poll_step(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs,
        _: &mut Vec<Token>,
    ) -> Poll<Option<Result<(), Failure>>> {
        self.1 += 1;
        match self.1 {
            1 => outputs.push(0, Message::new("0")),
            2 => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            3 => {
                self.0.refuse();
                outputs.push(0, Message::new("1"));
            }
            _ => return Poll::Pending,
        }
        Poll::Ready(Some(Ok(())))
    }
}

#[tokio::test(start_paused = true)]
async fn an_emitter_s_message_is_refused_while_the_next_is_made() {
    let publisher = Shared::with_room(100);
    let output = OutputPlan {
        binding: "first".into(),
        destination: Destination::new("first").unwrap(),
        publisher: publisher.clone(),
        drop_refused: false,
    };
    let task =
        EmitTask::new(Emission::new("emit", vec![output]), Box::new(Two(publisher.clone(), 0)));
    // The emitter goes on for ever.
    let ended = tokio::time::timeout(Duration::from_secs(60), task).await;
    assert!(ended.is_err());
    assert_eq!(publisher.texts(), ["0", "1"]);
}
