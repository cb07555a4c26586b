//! The end of a subscription.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;

use super::Pump;
use crate::error::{Code, broker, is_over_soon};

/// How long the last commit may take, and then leaving the group.
const LEAVE: Duration = Duration::from_secs(5);
/// Between two tries of the last commit.
const PAUSE: Duration = Duration::from_millis(50);

impl Pump {
    /// Commits, leaves the group and lets the async side go.
    pub(super) fn leave(mut self) {
        let recorded = self.record_all().map_err(|code| {
            broker("not everything is committed that was handled", code)
                .with_hint("it will be delivered again")
        });
        let Self { consumer, queue, handover, plan, .. } = self;
        consumer.context().close();
        drop(queue);
        let (left, gone) = mpsc::channel();
        // Leaving waits for the broker, so it has a thread of its own that nobody has to wait for.
        let leave = move || {
            drop(consumer);
            // Nobody listens any more where it took too long.
            left.send(()).unwrap_or_default();
        };
        let leaving = thread::Builder::new().name(format!("kafka-{}-leave", plan.binding));
        if leaving.spawn(leave).is_err() || gone.recv_timeout(LEAVE).is_err() {
            tracing::warn!(binding = %plan.binding, "the group was not left in time");
        }
        handover.end(recorded);
    }

    /// The last commit. During a rebalance the broker refuses it until the client, which has to
    /// be served for that, has answered; and a connection that was just lost is made again.
    fn record_all(&mut self) -> Result<(), Code> {
        let deadline = Instant::now() + LEAVE;
        loop {
            self.settle();
            let rest = deadline.saturating_duration_since(Instant::now());
            match self.record(None, rest) {
                Err(code) if !rest.is_zero() && is_over_soon(code) => {
                    if self.serve().is_err() {
                        return Err(code);
                    }
                    self.bell.wait(PAUSE);
                }
                ended => return ended,
            }
        }
    }
}
