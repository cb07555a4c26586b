//! The task that owns the subscription and the clock of one input.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::{Delivery, Error, Incoming, Result, Subscription};
use tokio::time::{Instant, Sleep};

use super::flow::{Due, Effects, Flow};
use super::outboxes::Outboxes;

/// How many batches one poll takes in before it lets others run.
const BUDGET: usize = 64;

/// Ready when the binding has ended: `Ok` when it was told to drain, `Err` when it stopped by
/// itself.
pub(crate) struct Pump {
    flow: Arc<Flow>,
    subscription: Box<dyn Subscription>,
    /// The subscription has failed and is not asked any more.
    ended: bool,
    /// For what is published outside a call: dead letters and refused outputs.
    outboxes: Outboxes,
    batch: Vec<Delivery>,
    due: Vec<Due>,
    effects: Effects,
    timer: Pin<Box<Sleep>>,
}

impl Pump {
    /// `outboxes` has the outputs, behind them the dead letters, behind those where messages wait to
    /// be tried again.
    pub(crate) fn new(
        flow: Arc<Flow>,
        subscription: Box<dyn Subscription>,
        outboxes: Outboxes,
    ) -> Self {
        Self {
            flow,
            subscription,
            ended: false,
            outboxes,
            batch: Vec::new(),
            due: Vec::new(),
            effects: Effects::default(),
            timer: Box::pin(tokio::time::sleep_until(Instant::now())),
        }
    }

    /// Asks the subscription until it has nothing more to say, or until it is another binding's
    /// turn on this thread.
    fn poll_subscription(&mut self, cx: &mut Context<'_>) {
        for _ in 0..BUDGET {
            if self.ended {
                return;
            }
            let room = self.flow.room();
            match self.subscription.poll_next(cx, room, &mut self.batch) {
                Poll::Pending => return,
                Poll::Ready(Ok(Incoming::Deliveries)) => {
                    self.flow.accept(&mut self.batch, &mut self.effects);
                }
                Poll::Ready(Ok(Incoming::Assigned)) => self.flow.assigned(),
                Poll::Ready(Ok(Incoming::Revoked(partitions))) => {
                    self.flow.revoke(&partitions, false, &mut self.effects);
                }
                Poll::Ready(Ok(Incoming::Lost(partitions))) => {
                    self.flow.revoke(&partitions, true, &mut self.effects);
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => {
                    let plan = &self.flow.plan;
                    let error = error
                        .at_binder(plan.binder.as_str())
                        .at_binding(plan.binding.as_str())
                        .at_destination(plan.origins.to_string());
                    tracing::error!(function = plan.function, "{error}");
                    self.flow.counts.note_error(error.to_string());
                    self.ended = true;
                    self.flow.end(error);
                }
            }
        }
        cx.waker().wake_by_ref();
    }

    /// Whether a timer has fired meanwhile, so that there is more to do.
    fn poll_timer(&mut self, next: Option<Instant>, cx: &mut Context<'_>) -> bool {
        let Some(next) = next else { return false };
        if self.timer.deadline() != next {
            self.timer.as_mut().reset(next);
        }
        self.timer.as_mut().poll(cx).is_ready()
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let closed = std::task::ready!(self.subscription.poll_close(cx));
        let reason = self.flow.reason();
        Poll::Ready(match (reason, closed) {
            (Some(reason), _) => Err(reason),
            // A subscription that has failed already has said why.
            (None, closed) if !self.ended => {
                if let Err(error) = &closed {
                    tracing::error!(function = self.flow.plan.function, "{error}");
                    self.flow.counts.note_error(error.to_string());
                }
                closed
            }
            (None, _) => Ok(()),
        })
    }
}

impl Future for Pump {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.flow.register_pump(cx);
        loop {
            let now = Instant::now();
            let next = this.flow.tick(now, &mut this.due, &mut this.outboxes, &mut this.effects);
            let something = !this.outboxes.is_empty();
            let published = this.flow.publish_again(&mut this.outboxes, cx);
            if something && published.is_ready() {
                this.flow.handed(&mut this.effects);
            }
            if published.is_ready() && this.flow.is_drained() {
                if !this.flow.holds() {
                    return this.poll_close(cx);
                }
                this.flow.hold();
            }
            this.poll_subscription(cx);
            if !this.poll_timer(next, cx) {
                return Poll::Pending;
            }
        }
    }
}
