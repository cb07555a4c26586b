//! The tasks of one listener, from start to end.

use std::sync::Arc;

use binder_core::{BoundInput, Error, ErrorKind, Publisher};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::flow::Flow;
use super::lane::LaneTask;
use super::outboxes::Outboxes;
use super::plan::{InputPlan, OutputPlan};
use super::pump::Pump;
use super::run::Run;
use super::spawn::Executor;
use super::stream::{MakeStream, StreamTask};
use crate::function::slot::Slot;

/// What calls the function.
pub(crate) enum Caller {
    /// A slot per call at a time.
    Calls(Box<dyn Fn() -> Box<dyn Slot> + Send + Sync>),
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
    assigned: Option<oneshot::Receiver<()>>,
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
    ) -> Self {
        let BoundInput { subscription, acker } = bound;
        let flow = Flow::new(plan, acker, executor.seed());
        let publishers: Vec<_> = outputs.iter().map(|output| output.publisher.clone()).collect();
        let workers = match caller {
            Caller::Calls(slot) => Self::lanes(executor, &flow, &publishers, slot.as_ref()),
            Caller::Stream(make) => {
                let outboxes = Outboxes::new(publishers.clone(), flow.clone());
                vec![executor.spawn_worker(StreamTask::new(flow.clone(), make, outboxes))]
            }
        };
        let (tell, assigned) = oneshot::channel();
        let publishers = publishers.into_iter().chain(aside).collect();
        let outboxes = Outboxes::new(publishers, flow.clone());
        let pump = executor.spawn_pump(Pump::new(flow.clone(), subscription, outboxes, tell));
        Self { flow, pump: Some(pump), outcome: Ok(()), workers, assigned: Some(assigned) }
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

    /// Waits for the first assignment. An error when the binding has ended before it.
    pub(crate) async fn assigned(&mut self) -> Result<(), Error> {
        let Some(assigned) = self.assigned.take() else { return Ok(()) };
        match assigned.await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.ended().await.err().unwrap_or_else(|| {
                Error::new(ErrorKind::Closed, "the input ended before it was assigned")
            })),
        }
    }

    /// Waits until the binding has ended: `Ok` after a drain, `Err` when it stopped by itself. May
    /// be given up and asked again.
    pub(crate) async fn ended(&mut self) -> Result<(), Error> {
        let function = self.flow.plan.function;
        if let Some(pump) = &mut self.pump {
            let ended = pump.await;
            self.pump = None;
            self.outcome = ended.unwrap_or_else(|error| {
                let why = format!("the task of `{function}` failed: {error}");
                Err(Error::new(ErrorKind::Closed, why))
            });
        }
        while let Some(worker) = self.workers.last_mut() {
            if let Err(error) = worker.await {
                tracing::error!(function, "a task failed: {error}");
            }
            self.workers.pop();
        }
        std::mem::replace(&mut self.outcome, Ok(()))
    }

    /// Whether `ended` has been answered already.
    pub(crate) fn is_finished(&self) -> bool {
        self.pump.is_none() && self.workers.is_empty()
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
