//! The binder's end of a scripted output.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};

use binder_core::publish::Reports;
use binder_core::{
    Completed, Completion, Error, ErrorKind, Message, Outbox, Outgoing, ProducerSpec, Publisher,
    Receipt, Result,
};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::script::event::{Events, ScriptEvent};
use crate::script::policy::{Answer, Refusal};
use crate::signal::{Signal, lock};

const DEFAULT_CAPACITY: usize = 16_384;

/// What the test and the publisher have in common.
#[derive(Debug)]
pub(super) struct Shared {
    destination: String,
    events: Events,
    state: Mutex<State>,
    pub(super) signal: Signal,
    /// Wakes the task that confirms late.
    due: Arc<Notify>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) answer: Answer,
    pub(super) refusals: Vec<Refusal>,
    pub(super) capacity: usize,
    pub(super) record: bool,
    pub(super) stalled: bool,
    pub(super) bind_failure: Option<Error>,
    pub(super) held: VecDeque<Completion>,
    pub(super) published: Vec<Message>,
    pub(super) published_count: usize,
    pub(super) refused: usize,
    pub(super) calls: usize,
    pub(super) unreported: usize,
    pub(super) spec: Option<ProducerSpec>,
    late: VecDeque<(Instant, Completion)>,
    runtime: Option<Handle>,
    driver: Option<JoinHandle<()>>,
    /// Kept for its allocation, so that confirming at once allocates nothing.
    reports: Reports,
    wakers: Vec<Waker>,
}

impl Shared {
    pub(super) fn new(destination: &str, events: Events) -> Self {
        let state = State {
            answer: Answer::AtOnce,
            refusals: Vec::new(),
            capacity: DEFAULT_CAPACITY,
            record: true,
            stalled: false,
            bind_failure: None,
            held: VecDeque::new(),
            published: Vec::new(),
            published_count: 0,
            refused: 0,
            calls: 0,
            unreported: 0,
            spec: None,
            late: VecDeque::new(),
            runtime: None,
            driver: None,
            reports: Reports::new(),
            wakers: Vec::new(),
        };
        Self {
            destination: destination.into(),
            events,
            state: Mutex::new(state),
            signal: Signal::default(),
            due: Arc::new(Notify::new()),
        }
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&lock(&self.state))
    }

    /// Changes the state, then wakes the publisher's callers and whoever waits in the test.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = lock(&self.state);
        let answer = change(&mut state);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        self.signal.changed();
        answer
    }

    fn record(&self, event: fn(String) -> ScriptEvent) {
        self.events.record(event(self.destination.clone()));
    }

    pub(super) fn bind(self: &Arc<Self>, spec: &ProducerSpec) -> Result<Arc<dyn Publisher>> {
        self.change(|state| {
            if let Some(error) = state.bind_failure.take() {
                return Err(error);
            }
            state.spec = Some(spec.clone());
            state.runtime = Handle::try_current().ok();
            Ok(())
        })?;
        self.record(ScriptEvent::BoundOutput);
        Ok(Arc::new(ScriptedPublisher(self.clone())))
    }

    pub(super) fn confirm_held(&self, count: usize) {
        let mut state = lock(&self.state);
        let count = count.min(state.held.len());
        let held: Vec<_> = state.held.drain(..count).collect();
        drop(state);
        self.confirm(held.into_iter());
    }

    /// Confirms outside the lock, in one batch.
    fn confirm(&self, completions: impl Iterator<Item = Completion>) {
        let mut reports = Reports::new();
        let mut count = 0;
        for completion in completions {
            completion.report_into(confirmed(), &mut reports);
            count += 1;
        }
        reports.deliver();
        self.change(|state| state.unreported -= count);
    }
}

impl State {
    fn wait(&mut self, cx: &Context<'_>) {
        if !self.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.wakers.push(cx.waker().clone());
        }
    }

    /// Decides about one message, in the order refusal, answer.
    fn take(&mut self, outgoing: Outgoing, reports: &mut Reports, dropped: &mut Vec<Completion>) {
        let Outgoing { message, completion } = outgoing;
        if let Some(error) = self.refusals.iter_mut().find_map(|r| r.refuse(&message)) {
            self.refused += 1;
            completion.report_into(Completed::Refused(error), reports);
            return;
        }
        match self.answer {
            Answer::AtOnce => completion.report_into(confirmed(), reports),
            Answer::Unknown => completion.report_into(Completed::Unknown(unknown()), reports),
            Answer::Dropped => dropped.push(completion),
            Answer::ByHand => {
                self.unreported += 1;
                self.held.push_back(completion);
            }
            Answer::After(_) if self.runtime.is_none() => {
                self.refused += 1;
                completion.report_into(Completed::Refused(no_runtime()), reports);
                return;
            }
            Answer::After(delay) => {
                self.unreported += 1;
                self.late.push_back((Instant::now() + delay, completion));
            }
        }
        self.published_count += 1;
        if self.record {
            self.published.push(message);
        }
    }

    /// Starts the one task that confirms late, unless it runs.
    #[expect(
        clippy::disallowed_methods,
        reason = "the testkit has no counted spawn: one task an output"
    )]
    fn drive(&mut self, shared: &Arc<Shared>) {
        if self.late.is_empty() || self.driver.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Some(runtime) = &self.runtime {
            let (weak, due) = (Arc::downgrade(shared), shared.due.clone());
            self.driver = Some(runtime.spawn(confirm_late(weak, due)));
        }
    }
}

/// Confirms what is due; ends with the binder.
async fn confirm_late(shared: Weak<Shared>, due: Arc<Notify>) {
    while let Some(next) = shared.upgrade().map(|s| s.read(|s| s.late.front().map(|f| f.0))) {
        let Some(next) = next else {
            due.notified().await;
            continue;
        };
        tokio::time::sleep_until(next).await;
        let Some(shared) = shared.upgrade() else { return };
        let now = Instant::now();
        let mut state = lock(&shared.state);
        let count = state.late.iter().take_while(|(at, _)| *at <= now).count();
        let ready: Vec<_> = state.late.drain(..count).map(|(_, completion)| completion).collect();
        drop(state);
        shared.confirm(ready.into_iter());
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.due.notify_one();
    }
}

struct ScriptedPublisher(Arc<Shared>);

impl Publisher for ScriptedPublisher {
    fn poll_publish(&self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()> {
        if outbox.is_empty() {
            return Poll::Ready(());
        }
        let shared = &self.0;
        let mut dropped = Vec::new();
        let mut state = lock(&shared.state);
        state.calls += 1;
        let first = state.published_count + state.refused == 0;
        let mut reports = std::mem::take(&mut state.reports);
        while !state.stalled && state.unreported < state.capacity {
            let Some(outgoing) = outbox.pop_front() else { break };
            state.take(outgoing, &mut reports, &mut dropped);
        }
        let started = state.published_count + state.refused > 0;
        state.drive(shared);
        let poll = if outbox.is_empty() {
            Poll::Ready(())
        } else {
            state.wait(cx);
            Poll::Pending
        };
        drop(state);
        if first && started {
            shared.record(ScriptEvent::FirstPublished);
        }
        // Reported outside the lock: a receiver may publish again.
        drop(dropped);
        reports.deliver();
        lock(&shared.state).reports = reports;
        shared.due.notify_one();
        shared.signal.changed();
        poll
    }

    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0.state);
        if state.unreported > 0 {
            state.wait(cx);
            return Poll::Pending;
        }
        drop(state);
        self.0.record(ScriptEvent::Flushed);
        Poll::Ready(())
    }
}

impl Drop for ScriptedPublisher {
    fn drop(&mut self) {
        self.0.record(ScriptEvent::DroppedOutput);
    }
}

fn confirmed() -> Completed {
    Completed::Confirmed(Receipt::default())
}

fn unknown() -> Error {
    Error::new(ErrorKind::Publish, "the scripted broker does not say")
}

fn no_runtime() -> Error {
    Error::new(ErrorKind::Unsupported, "confirming late needs a tokio runtime")
        .with_hint("bind the scripted output on one")
}
