//! The tasks of one listener, from start to end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::{BoundInput, Error, ErrorKind, Publisher};
use tokio::task::{JoinError, JoinHandle};

use super::flow::{Counts, Flow};
use super::lane::LaneTask;
use super::outboxes::Outboxes;
use super::plan::{InputPlan, OutputPlan};
use super::pump::Pump;
use super::run::Run;
use super::spawn::Executor;
use super::stream::{MakeStream, StreamTask};
use crate::function::slot::Slot;

/// What calls the function; a clone calls the same one.
#[derive(Clone)]
pub(crate) enum Caller {
    /// A slot per call at a time.
    Calls(Arc<dyn Fn() -> Box<dyn Slot> + Send + Sync>),
    /// One stream.
    Stream(MakeStream),
}

/// A listener whose tasks run.
pub(crate) struct RunningInput {
    pub(crate) flow: Arc<Flow>,
    /// Gone once it was waited for.
    pump: Option<JoinHandle<Result<(), Error>>>,
    /// How the pump ended.
    outcome: Result<(), Error>,
    workers: Vec<JoinHandle<()>>,
    /// A task has ended by a panic, and what it had in hand is out of reach.
    dead: bool,
}

impl RunningInput {
    /// Starts the pump and the tasks that call the function. `aside` is where its dead letters go
    /// and, behind them, where its messages wait to be tried again.
    pub(crate) fn start(
        executor: &Executor,
        plan: InputPlan,
        bound: BoundInput,
        outputs: &[OutputPlan],
        aside: Vec<Arc<dyn Publisher>>,
        caller: Caller,
        counts: Arc<Counts>,
    ) -> Self {
        let BoundInput { subscription, acker } = bound;
        let flow = Flow::new(plan, acker, executor.seed(), counts);
        let publishers: Vec<_> = outputs.iter().map(|output| output.publisher.clone()).collect();
        let workers = match caller {
            Caller::Calls(slot) => Self::lanes(executor, &flow, &publishers, slot.as_ref()),
            Caller::Stream(make) => {
                let outboxes = Outboxes::new(publishers.clone(), flow.clone());
                vec![executor.spawn_worker(StreamTask::new(flow.clone(), make, outboxes))]
            }
        };
        let publishers = publishers.into_iter().chain(aside).collect();
        let outboxes = Outboxes::new(publishers, flow.clone());
        let pump = executor.spawn_pump(Pump::new(flow.clone(), subscription, outboxes));
        Self { flow, pump: Some(pump), outcome: Ok(()), workers, dead: false }
    }

    fn lanes(
        executor: &Executor,
        flow: &Arc<Flow>,
        publishers: &[Arc<dyn Publisher>],
        slot: &(dyn Fn() -> Box<dyn Slot> + Send + Sync),
    ) -> Vec<JoinHandle<()>> {
        let concurrency = flow.plan.concurrency.max(1);
        let tasks = concurrency.min(executor.workers());
        (0..tasks)
            .map(|number| {
                let share = concurrency / tasks + usize::from(number < concurrency % tasks);
                let runs = (0..share).map(|_| Run::new(slot())).collect();
                let outboxes = Outboxes::new(publishers.to_vec(), flow.clone());
                executor.spawn_worker(LaneTask::new(number, flow.clone(), runs, outboxes))
            })
            .collect()
    }

    /// Waits until the binding has ended: `Ok` after a drain, `Err` when it stopped by itself. May
    /// be given up and asked again.
    ///
    /// A task that ends by a panic stops the binding. What it had in hand is never settled, so the
    /// subscription is closed once the others have finished.
    pub(crate) async fn ended(&mut self) -> Result<(), Error> {
        std::future::poll_fn(|cx| self.poll_tasks(cx)).await;
        std::mem::replace(&mut self.outcome, Ok(()))
    }

    fn poll_tasks(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut dead = Vec::new();
        self.workers.retain_mut(|worker| match Pin::new(worker).poll(cx) {
            Poll::Pending => true,
            Poll::Ready(ended) => {
                dead.extend(ended.err());
                false
            }
        });
        for error in dead {
            self.died(&error);
        }
        if self.dead && self.workers.is_empty() {
            self.flow.abandon();
        }
        if let Some(pump) = &mut self.pump
            && let Poll::Ready(ended) = Pin::new(pump).poll(cx)
        {
            self.pump = None;
            self.outcome = match ended {
                Ok(outcome) => outcome,
                Err(error) => Err(self.died(&error)),
            };
        }
        match self.pump.is_none() && self.workers.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Stops the binding because of a task that is gone.
    fn died(&mut self, error: &JoinError) -> Error {
        let plan = &self.flow.plan;
        let text = match error.is_panic() {
            true => format!("a task of `{}` panicked: {error}", plan.function),
            false => format!("a task of `{}` was cancelled", plan.function),
        };
        tracing::error!(function = plan.function, binding = plan.binding, "stopped: {text}");
        self.flow.counts.note_error(text.as_str());
        let why = || {
            Error::new(ErrorKind::Closed, text.clone())
                .at_binder(plan.binder.as_str())
                .at_binding(plan.binding.as_str())
                .at_destination(plan.origins.to_string())
        };
        self.dead = true;
        self.flow.drain(Some(why()));
        why()
    }

    /// Ends every task where it stands: the grace is over.
    pub(crate) fn abort(&self) {
        if let Some(pump) = &self.pump {
            pump.abort();
        }
        self.workers.iter().for_each(JoinHandle::abort);
    }
}

/// An application that is dropped, or whose start was given up, leaves no task behind.
impl Drop for RunningInput {
    fn drop(&mut self) {
        self.abort();
    }
}
