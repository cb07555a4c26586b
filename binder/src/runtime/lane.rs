//! A task that calls the function for the messages of ready lanes.
//!
//! There are min(concurrency, workers) of them. Each has as many runs as its share of the
//! concurrency; a run handles the messages of one lane, one after another. What the runs have
//! returned is handed to the publishers before the task waits for anything, so an output never
//! waits for a function that is still busy elsewhere in the task.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use binder_core::logic::quantum::Quantum;
use tokio::time::{Instant, Sleep};

use super::flow::{Effects, Flow, Report, Tried};
use super::outboxes::Outboxes;
use super::run::{Run, Turn};
use crate::function::outputs::Outputs;

/// How many messages one poll handles at the most before it publishes and lets others run.
const BUDGET: usize = 1024;
/// How many it handles before it looks at the clock.
const SLICE: usize = 256;
/// How many messages of one lane are taken at the most before it is the turn of others.
const QUANTUM: usize = 128;
/// What is returned waits no longer for functions that keep their thread busy, a slice aside.
const PATIENCE: Duration = Duration::from_millis(1);

pub(crate) struct LaneTask {
    number: usize,
    flow: Arc<Flow>,
    runs: Vec<Run>,
    /// The run that goes on first: each comes to its turn, however much the others have to do.
    turn: usize,
    quantum: Quantum,
    outputs: Outputs,
    outboxes: Outboxes,
    reports: Vec<Report>,
    /// Failures, which are reported when the outputs before them are handed over.
    failed: Vec<Report>,
    /// Lanes that are done once their outputs stand in the publishers' queues.
    done: Vec<u64>,
    effects: Effects,
    timer: Option<Pin<Box<Sleep>>>,
}

impl LaneTask {
    pub(crate) fn new(number: usize, flow: Arc<Flow>, runs: Vec<Run>, outboxes: Outboxes) -> Self {
        Self {
            number,
            flow,
            runs,
            turn: 0,
            quantum: Quantum::new(QUANTUM),
            outputs: Outputs::new(),
            outboxes,
            reports: Vec::new(),
            failed: Vec::new(),
            done: Vec::new(),
            effects: Effects::default(),
            timer: None,
        }
    }

    /// Hands what was returned to the publishers; ready when they have taken everything, with
    /// whether lanes have become ready by it.
    fn poll_publish(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Self { flow, outputs, outboxes, reports, effects, .. } = self;
        let failed = reports.extract_if(.., |report| matches!(report.tried, Tried::Failed(_)));
        self.failed.extend(failed);
        flow.report(reports, outputs, outboxes, effects);
        std::task::ready!(flow.publish(outboxes, cx));
        // Only now: a failure frees or holds its lane, and what the lane has returned before it
        // must not be overtaken by what comes after it.
        let Self { flow, outputs, outboxes, failed, effects, .. } = self;
        flow.report(failed, outputs, outboxes, effects);
        Poll::Ready(!self.done.is_empty() && self.flow.finish(&mut self.done))
    }

    /// Lets runs go on until all of them wait or the budget is used up, which gives `true`.
    fn turn(&mut self, cx: &mut Context<'_>) -> bool {
        let begun = Instant::now();
        for _ in 0..BUDGET / SLICE {
            if !self.slice(cx) {
                return false;
            }
            if self.outputs.is_heavy() || begun.elapsed() >= PATIENCE {
                break;
            }
        }
        true
    }

    /// Lets every run that was woken go on, and idle ones begin. `true` when the slice is used up.
    fn slice(&mut self, cx: &mut Context<'_>) -> bool {
        let mut budget = SLICE;
        let (before, from) = self.runs.split_at_mut(self.turn);
        self.turn = if from.len() > 1 { self.turn + 1 } else { 0 };
        for run in from.iter_mut().chain(before) {
            loop {
                if budget == 0 {
                    return true;
                }
                if run.is_idle() && !run.begin(&self.flow, self.number, self.quantum.messages(), cx)
                {
                    break;
                }
                let turn = run.go(
                    &self.flow,
                    &mut budget,
                    &mut self.outputs,
                    &mut self.reports,
                    &mut self.effects,
                    cx,
                );
                match turn {
                    Turn::Waits | Turn::Tired => break,
                    Turn::Done(lane) => {
                        self.quantum.turn(run.waited());
                        self.done.push(lane);
                    }
                    Turn::Held => {}
                }
            }
        }
        budget == 0
    }

    /// Fails the calls whose time is up. One timer serves all calls of the task and is set anew
    /// only when it has fired.
    fn poll_deadline(&mut self, deadline: Duration, cx: &mut Context<'_>) -> bool {
        let Some(first) = self.runs.iter().filter_map(Run::since).min() else { return false };
        let timer =
            self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(first + deadline)));
        if timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        let now = Instant::now();
        for run in &mut self.runs {
            if run.since().is_some_and(|since| since + deadline <= now) {
                run.expire(deadline, &mut self.reports);
            }
        }
        self.timer = None;
        true
    }
}

impl Future for LaneTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            // A publisher that is full pauses this task, and with it the input.
            std::task::ready!(this.poll_publish(cx));
            let tired = this.turn(cx);
            let published = this.poll_publish(cx);
            if let Some(deadline) = this.flow.plan.deadline
                && this.poll_deadline(deadline, cx)
            {
                continue;
            }
            let more = matches!(published, Poll::Ready(true));
            if tired || more {
                // Others on this thread, and its timers, come to their turn.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if published.is_pending() {
                return Poll::Pending;
            }
            let idle = this.runs.iter().all(Run::is_idle);
            if idle && this.flow.has_nothing_to_start() {
                return Poll::Ready(());
            }
            return Poll::Pending;
        }
    }
}
