//! The task that runs a stream function, and restarts it.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::feeder::{Feeder, FeederSource};
use super::flow::{Effects, Failing, Flow, Report, Source, Tried};
use super::outboxes::Outboxes;
use super::plan::RESEND;
use super::run::panic_text;
use crate::function::failure::{Class, Failure};
use crate::function::feed::Feed;
use crate::function::outputs::Outputs;
use crate::function::slot::Steps;
use crate::function::token::Token;

/// How many steps one poll takes before it publishes and lets others run.
const BUDGET: usize = 256;

/// When a stream without a deadline counts as quiet.
const QUIET: Duration = Duration::from_secs(300);

/// Makes a new run of a stream function.
pub(crate) type MakeStream = Arc<dyn Fn(Feed) -> Box<dyn Steps> + Send + Sync>;

pub(crate) struct StreamTask {
    flow: Arc<Flow>,
    feeder: Arc<Feeder>,
    make: MakeStream,
    steps: Option<Box<dyn Steps>>,
    tokens: Vec<Token>,
    outputs: Outputs,
    outboxes: Outboxes,
    reports: Vec<Report>,
    effects: Effects,
    /// Restarts since the last step.
    restarts: u32,
    restart: Pin<Box<Sleep>>,
    /// Since when no step has come out although messages are inside.
    quiet: Option<Instant>,
    watchdog: Pin<Box<Sleep>>,
}

impl StreamTask {
    pub(crate) fn new(flow: Arc<Flow>, make: MakeStream, outboxes: Outboxes) -> Self {
        let now = || Box::pin(tokio::time::sleep_until(Instant::now()));
        Self {
            feeder: Feeder::new(flow.clone()),
            flow,
            make,
            steps: None,
            tokens: Vec::new(),
            outputs: Outputs::new(),
            outboxes,
            reports: Vec::new(),
            effects: Effects::default(),
            restarts: 0,
            restart: now(),
            quiet: None,
            watchdog: now(),
        }
    }

    fn poll_publish(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { flow, outputs, outboxes, reports, effects, .. } = self;
        flow.report(reports, outputs, outboxes, effects);
        self.flow.publish(&mut self.outboxes, cx)
    }

    /// Takes steps until the stream is pending (`Pending`), the budget is used up or the stream
    /// has broken (`Ready`).
    fn poll_steps(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..BUDGET {
            let Some(steps) = &mut self.steps else { return Poll::Ready(()) };
            if self.outputs.is_heavy() {
                return Poll::Ready(());
            }
            let mark = self.outputs.len();
            let polled = catch_unwind(AssertUnwindSafe(|| {
                steps.poll_step(cx, &mut self.outputs, &mut self.tokens)
            }));
            match polled {
                Ok(Poll::Pending) => {
                    self.outputs.truncate(mark);
                    self.report_failed();
                    return Poll::Pending;
                }
                Ok(Poll::Ready(Some(step))) => {
                    self.step(step, mark);
                    self.report_failed();
                }
                Ok(Poll::Ready(None)) => self.broken(mark, None),
                Err(panic) => self.broken(mark, Some(panic_text(panic.as_ref()))),
            }
        }
        Poll::Ready(())
    }

    /// One step is out: with its outputs, or as a failure of every message in it.
    fn step(&mut self, step: Result<(), Failure>, mark: usize) {
        self.restarts = 0;
        self.quiet = None;
        let feeder = &self.feeder;
        let ids = self.tokens.drain(..).map(Token::into_id);
        let mut indices = ids.filter(|id| feeder.out(*id)).map(|id| Source::from_id(id).index);
        match step {
            Ok(()) => {
                let Some(index) = indices.next() else {
                    drop(indices);
                    return self.discard(mark);
                };
                let (outputs, others) = (self.outputs.len() - mark, indices.collect());
                let tried = Tried::Joined { outputs, others };
                self.reports.push(Report { index, message: None, tried });
            }
            Err(failure) => {
                let failure = self.flow.plan.classes.classify(failure);
                let failed = indices.map(|index| failed(index, failure.clone()));
                self.reports.extend(failed);
                self.outputs.truncate(mark);
            }
        }
    }

    /// A step without a message has nothing that could be settled once its outputs are confirmed.
    fn discard(&mut self, mark: usize) {
        if self.outputs.len() > mark {
            let function = self.flow.plan.function;
            tracing::warn!(function, "a step that came of no message is not sent");
        }
        self.outputs.truncate(mark);
    }

    fn report_failed(&mut self) {
        let failures = self.feeder.take_failed();
        self.report_all(failures);
    }

    fn report_all(&mut self, failures: Vec<(u64, Failure)>) {
        let classes = &self.flow.plan.classes;
        let failed = |(id, f)| failed(Source::from_id(id).index, classes.classify(f));
        self.reports.extend(failures.into_iter().map(failed));
    }

    /// The stream ended or panicked: it is made again after a back-off.
    fn broken(&mut self, mark: usize, panic: Option<String>) {
        self.outputs.truncate(mark);
        let steps = self.steps.take();
        let tokens = std::mem::take(&mut self.tokens);
        if catch_unwind(AssertUnwindSafe(|| drop((steps, tokens)))).is_err() {
            tracing::error!("a panic while a stream was dropped");
        }
        let (failures, charged) = self.feeder.broke();
        self.feeder.give_back_gone();
        self.report_all(failures);
        let (class, why) = match panic {
            Some(text) => (Class::Panic, text),
            None => (Class::Dropped, "the stream ended while it held the message".to_owned()),
        };
        if let Some(index) = charged {
            self.reports.push(failed(index, Failure::new(class, why.clone())));
        }
        if self.flow.is_running() {
            self.restarts = self.restarts.saturating_add(1);
            let delay = RESEND.delay(self.restarts, 0.5);
            self.restart.as_mut().reset(Instant::now() + delay);
            let function = self.flow.plan.function;
            let cause = if class == Class::Panic { why.as_str() } else { "it ended" };
            tracing::warn!(function, "the stream is started again in {delay:.1?}: {cause}");
        }
    }

    fn start(&mut self) {
        let feed = Feed::new(Arc::new(FeederSource::new(self.feeder.clone())));
        match catch_unwind(AssertUnwindSafe(|| (self.make)(feed))) {
            Ok(steps) => self.steps = Some(steps),
            Err(panic) => self.broken(self.outputs.len(), Some(panic_text(panic.as_ref()))),
        }
    }

    /// Reports a stream that holds messages and yields nothing; ends feeding one by one.
    fn poll_quiet(&mut self, deadline: Duration, cx: &mut Context<'_>) {
        if !self.feeder.is_holding() {
            self.quiet = None;
            return;
        }
        if self.quiet.is_none() {
            let now = Instant::now();
            self.quiet = Some(now);
            self.watchdog.as_mut().reset(now + deadline);
        }
        while self.watchdog.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            self.watchdog.as_mut().reset(now + deadline);
            let plan = &self.flow.plan;
            if self.feeder.is_alone() {
                self.feeder.relax();
            } else if let Some(held) = self.flow.full() {
                tracing::warn!(
                    function = plan.function,
                    "stalled: the stream holds {held} messages (`max_in_flight`, of which each \
                     destination has an equal share) and has yielded nothing for {deadline:?} \
                     (`deadline`)",
                );
            }
        }
    }
}

fn failed(index: u32, failure: Failure) -> Report {
    let tried = Tried::Failed(Box::new(Failing { failure, rest: VecDeque::new() }));
    Report { index, message: None, tried }
}

impl Future for StreamTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.feeder.watch(cx);
        this.flow.register_interrupted(cx);
        loop {
            this.feeder.give_back_revoked();
            std::task::ready!(this.poll_publish(cx));
            if this.steps.is_none() {
                // Before the question, so that a drain is heard while the restart is waited for.
                this.flow.watch(cx);
                if !this.flow.is_running() {
                    this.feeder.release_all();
                    return Poll::Ready(());
                }
                std::task::ready!(this.restart.as_mut().poll(cx));
                this.start();
                continue;
            }
            let polled = this.poll_steps(cx);
            let published = this.poll_publish(cx);
            if polled.is_ready() {
                if this.steps.is_some() {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                continue;
            }
            // Without a deadline feeding one by one must end all the same.
            let deadline = this.flow.plan.deadline.unwrap_or(QUIET);
            this.poll_quiet(deadline, cx);
            if published.is_pending() || this.reports.is_empty() {
                return Poll::Pending;
            }
        }
    }
}
