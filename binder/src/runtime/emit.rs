//! The task that runs an emitter.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use binder_core::{Completed, Completions, Error, ErrorKind, Limit};
use futures::task::AtomicWaker;
use tokio::time::{Instant, Sleep};

use super::outboxes::Outboxes;
use super::plan::{OutputPlan, RESEND};
use super::run::panic_text;
use super::sends::Sends;
use crate::function::outputs::Outputs;
use crate::function::slot::Steps;

/// How many steps one poll takes before it publishes and lets others run.
const BUDGET: usize = 256;

/// What an emitter may have sent and not confirmed.
const IN_FLIGHT: Limit = Limit { messages: 16_384, bytes: 64 * 1024 * 1024 };

/// What an emitter's task and its publishers share.
pub(crate) struct Emission {
    pub(crate) function: &'static str,
    outputs: Vec<OutputPlan>,
    state: Mutex<State>,
    task: AtomicWaker,
}

struct State {
    sends: Sends<()>,
    /// Refused messages are sent again after this many refusals' back-off.
    resend: Option<u32>,
    draining: bool,
    failure: Option<Error>,
    /// There was one, also when the task has reported it.
    failed: bool,
    /// The task waits for confirmations.
    waiting: bool,
}

impl Emission {
    pub(crate) fn new(function: &'static str, outputs: Vec<OutputPlan>) -> Arc<Self> {
        let state = State {
            sends: Sends::new(),
            resend: None,
            draining: false,
            failure: None,
            failed: false,
            waiting: false,
        };
        Arc::new(Self { function, outputs, state: Mutex::new(state), task: AtomicWaker::new() })
    }

    /// A function that panics never holds this lock, so a poisoned one is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has stopped by itself.
    pub(crate) fn has_failed(&self) -> bool {
        let state = self.lock();
        state.failed || state.failure.is_some()
    }

    /// Takes no more from the stream; ends when what was sent is confirmed.
    pub(crate) fn drain(&self) {
        self.lock().draining = true;
        self.task.wake();
    }

    fn not_confirmed(&self, state: &mut State, token: u64, transient: bool, why: Error) {
        let Some(sent) = state.sends.sent(token) else { return };
        if transient {
            let refusals = state.sends.refuse(token).unwrap_or(1);
            if state.resend.is_none() {
                tracing::warn!(function = self.function, "a publish is repeated: {why}");
            }
            state.resend = Some(state.resend.unwrap_or(0).max(refusals));
            return;
        }
        let (size, output) = (sent.message.size(), self.outputs.get(sent.output));
        state.sends.remove(token);
        let Some(output) = output else { return };
        let error =
            why.at_binding(output.binding.as_str()).at_destination(output.destination.as_str());
        if output.drop_refused {
            tracing::warn!(function = self.function, size, "dropped (on_exhausted): {error}");
            return;
        }
        let binding = &output.binding;
        let hint = format!(
            "the message of {size} B was not sent; set `bindings.{binding}.output.on_exhausted = \
             \"drop\"` to leave such messages out"
        );
        tracing::error!(function = self.function, size, "the emitter stops: {error} ({hint})");
        state.failure.get_or_insert_with(|| error.with_hint(hint));
    }
}

impl Completions for Emission {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        let mut state = self.lock();
        for (token, what) in batch.drain(..) {
            match what {
                Completed::Confirmed(_) => drop(state.sends.remove(token)),
                Completed::Refused(why) => {
                    self.not_confirmed(&mut state, token, why.is_transient(), why);
                }
                Completed::Unknown(why) => self.not_confirmed(&mut state, token, true, why),
                _ => {}
            }
        }
        // The stream is not polled for every confirmation, only once there is half the room again.
        let room = state.waiting && state.sends.len() <= IN_FLIGHT.messages / 2;
        let wake = room || state.resend.is_some() || state.failure.is_some();
        drop(state);
        if wake {
            self.task.wake();
        }
    }
}

/// Ready with `Ok` when the stream has ended or was drained and everything is confirmed.
pub(crate) struct EmitTask {
    emission: Arc<Emission>,
    steps: Option<Box<dyn Steps>>,
    outputs: Outputs,
    outboxes: Outboxes,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether it has come to its end.
    done: bool,
}

/// A task that dies has failed: nobody may be waiting for it.
impl Drop for EmitTask {
    fn drop(&mut self) {
        let mut state = self.emission.lock();
        if !self.done && !state.draining {
            state.failed = true;
        }
    }
}

impl EmitTask {
    pub(crate) fn new(emission: Arc<Emission>, steps: Box<dyn Steps>) -> Self {
        let publishers = emission.outputs.iter().map(|output| output.publisher.clone()).collect();
        Self {
            outboxes: Outboxes::new(publishers, emission.clone()),
            emission,
            steps: Some(steps),
            outputs: Outputs::new(),
            timer: None,
            done: false,
        }
    }

    /// Sends refused messages again when their back-off is over.
    fn poll_resend(&mut self, cx: &mut Context<'_>) {
        let asked = self.emission.lock().resend;
        let Some(refusals) = asked else { return };
        let timer = self.timer.get_or_insert_with(|| {
            let delay = RESEND.delay(refusals, 0.5);
            Box::pin(tokio::time::sleep_until(Instant::now() + delay))
        });
        if timer.as_mut().poll(cx).is_pending() {
            return;
        }
        self.timer = None;
        let mut state = self.emission.lock();
        state.resend = None;
        let again = state.sends.take_waiting();
        // All of this task's messages go through the same outboxes, in order.
        state.sends.handed();
        drop(state);
        for (token, output, message) in again {
            self.outboxes.push(output, token, message);
        }
    }

    /// Hands over what the stream has yielded, unless an earlier message was refused meanwhile: it
    /// waits behind that one.
    fn poll_publish(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.outboxes.is_stuck() {
            let mut state = self.emission.lock();
            if state.resend.is_some() {
                let back = self.outboxes.take_back(usize::MAX);
                back.for_each(|token| state.sends.park(token));
            }
        }
        self.outboxes.poll_publish(cx)
    }

    /// Whether more may be taken from the stream.
    fn may_go_on(&self) -> bool {
        let mut state = self.emission.lock();
        state.waiting = state.sends.is_stalled()
            || state.sends.len() >= IN_FLIGHT.messages
            || state.sends.bytes() >= IN_FLIGHT.bytes;
        !state.waiting
    }

    /// `Pending` when the stream is, `Ready` when it ended or the budget is used up.
    fn poll_steps(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..BUDGET {
            let Some(steps) = &mut self.steps else { break };
            if self.outputs.is_heavy() {
                break;
            }
            let mark = self.outputs.len();
            let polled = catch_unwind(AssertUnwindSafe(|| {
                steps.poll_step(cx, &mut self.outputs, &mut Vec::new())
            }));
            let failed = match polled {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(Some(Ok(())))) => continue,
                Ok(Poll::Ready(None)) => None,
                Ok(Poll::Ready(Some(Err(failure)))) => Some(failure.to_string()),
                Err(panic) => Some(format!("panic: {}", panic_text(panic.as_ref()))),
            };
            self.outputs.truncate(mark);
            self.end(failed);
        }
        Poll::Ready(())
    }

    fn end(&mut self, failed: Option<String>) {
        let steps = self.steps.take();
        if catch_unwind(AssertUnwindSafe(|| drop(steps))).is_err() {
            tracing::error!(
                function = self.emission.function,
                "a panic while a stream was dropped"
            );
        }
        if let Some(why) = failed {
            let function = self.emission.function;
            let error =
                Error::new(ErrorKind::Handler, format!("emitter `{function}` failed: {why}"));
            tracing::error!(function, "{error}");
            self.emission.lock().failure.get_or_insert(error);
        }
    }

    /// Puts what the stream has yielded into the outboxes.
    fn register(&mut self) {
        if self.outputs.is_empty() {
            return;
        }
        let mut state = self.emission.lock();
        for (output, message) in self.outputs.drain_from(0) {
            let token = state.sends.add(output, message.clone(), ());
            // Refused while the stream was polled.
            if state.resend.is_some() {
                state.sends.park(token);
            } else {
                self.outboxes.push(output, token, message);
            }
        }
    }

    /// Stops taking when it was told to drain or a message can never be sent.
    fn check(&mut self) {
        let state = self.emission.lock();
        let stop = state.draining || state.failure.is_some();
        drop(state);
        if stop && self.steps.is_some() {
            self.end(None);
        }
    }
}

impl Future for EmitTask {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.emission.task.register(cx.waker());
        loop {
            this.check();
            this.poll_resend(cx);
            std::task::ready!(this.poll_publish(cx));
            if this.steps.is_none() {
                let mut state = this.emission.lock();
                if state.sends.is_empty() {
                    state.failed |= state.failure.is_some();
                    this.done = true;
                    return Poll::Ready(state.failure.take().map_or(Ok(()), Err));
                }
                state.waiting = true;
                return Poll::Pending;
            }
            if !this.may_go_on() {
                return Poll::Pending;
            }
            let polled = this.poll_steps(cx);
            this.register();
            let published = this.poll_publish(cx);
            if published.is_pending() || polled.is_pending() {
                return Poll::Pending;
            }
            if this.steps.is_some() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}
