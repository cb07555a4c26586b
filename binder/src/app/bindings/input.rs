//! One input of one function, which may be stopped and started while the application runs.

use std::sync::Arc;
use std::time::Duration;

use binder_core::{Destination, Error, ErrorKind, Result};
use futures::future::{BoxFuture, select_all};
use tokio::sync::watch;

use super::life::{Life, Lives, Phase, Run, Stop};
use super::watch::watch_over;
use crate::app::connect::BoundListener;
use crate::function::classes::Classes;
use crate::runtime::flow::Counts;
use crate::runtime::input::{Caller, RunningInput};
use crate::runtime::origins::Origins;
use crate::runtime::plan::OutputPlan;
use crate::runtime::spawn::Executor;

/// Binds an input as the configuration says.
pub(in crate::app) type Bind =
    Box<dyn Fn() -> BoxFuture<'static, Result<BoundListener>> + Send + Sync>;

/// What an input is made of, whether it runs or not.
pub(in crate::app) struct Parts {
    pub(in crate::app) function: &'static str,
    pub(in crate::app) binding: String,
    pub(in crate::app) origins: Origins,
    /// The destinations its function writes on binders that live in this process. Such a
    /// destination has room only while it is read, so its readers are stopped after its writers.
    pub(in crate::app) feeds: Vec<Destination>,
    pub(in crate::app) executor: Executor,
    pub(in crate::app) grace: Duration,
    pub(in crate::app) caller: Caller,
    pub(in crate::app) classes: Classes,
    pub(in crate::app) outputs: Vec<OutputPlan>,
    pub(in crate::app) bind: Bind,
}

/// One input of one function.
///
/// Dropped, it leaves no task behind.
pub(in crate::app) struct Input {
    pub(in crate::app) parts: Parts,
    pub(super) counts: Arc<Counts>,
    pub(super) lives: Arc<Lives>,
}

impl Input {
    /// An input that is bound already, and runs from now on.
    pub(in crate::app) fn start_bound(parts: Parts, listener: BoundListener) -> Arc<Self> {
        let lives = Arc::new(watch::Sender::new(Life::first()));
        let input = Arc::new(Self { parts, counts: Arc::default(), lives });
        input.run(0, listener);
        input
    }

    /// Runs what was bound, unless the start was given up meanwhile.
    pub(super) fn run(&self, number: u64, listener: BoundListener) {
        let BoundListener { mut plan, bound, aside, .. } = listener;
        let Parts { executor, caller, outputs, .. } = &self.parts;
        plan.stream = matches!(caller, Caller::Stream(_));
        plan.classes = self.parts.classes.clone();
        self.lives.send_if_modified(|life| {
            if life.run != number || !matches!(life.phase, Phase::Starting(_)) {
                return false;
            }
            let (caller, counts) = (caller.clone(), self.counts.clone());
            let tasks = RunningInput::start(executor, plan, bound, outputs, aside, caller, counts);
            let flow = tasks.flow.clone();
            let watching = watch_over(self.lives.clone(), number, tasks, self.parts.grace);
            let watching = executor.spawn_pump(watching);
            life.set(Phase::Running(Run { flow, task: watching.abort_handle() }));
            true
        });
    }

    /// Waits until it is assigned. An error when it has stopped before; one that has stopped since was
    /// assigned.
    pub(in crate::app) async fn assigned(&self) -> Result<()> {
        let mut seen = self.lives.subscribe();
        loop {
            let told = match &seen.borrow_and_update().phase {
                Phase::Running(run) => Some(run.flow.when_assigned()),
                Phase::Starting(_) => None,
                Phase::Stopped(_) | Phase::Holding(..) => break,
            };
            match told {
                Some(mut told) => tokio::select! {
                    biased;
                    assigned = told.wait_for(|assigned| *assigned) => if assigned.is_ok() {
                        return Ok(());
                    },
                    changed = seen.changed() => drop(changed),
                },
                None => drop(seen.changed().await),
            }
        }
        self.was_assigned()
    }

    fn was_assigned(&self) -> Result<()> {
        let life = self.lives.borrow();
        match life.assigned {
            true => Ok(()),
            false => Err(ended_early(life.stop().map(AsRef::as_ref))),
        }
    }

    /// Drains what runs; ready when it has stopped.
    ///
    /// # Errors
    ///
    /// When it has not drained within the grace: its calls are dropped then.
    pub(super) async fn stop(&self) -> Result<()> {
        let mut seen = self.lives.subscribe();
        let (mut number, mut drains) = (0, None);
        self.lives.send_if_modified(|life| {
            number = life.run;
            match &life.phase {
                Phase::Running(run) | Phase::Holding(_, run) => {
                    drains = Some(run.flow.clone());
                    return false;
                }
                Phase::Starting(_) | Phase::Stopped(Some(_)) => life.set(Phase::Stopped(None)),
                Phase::Stopped(None) => return false,
            }
            true
        });
        if let Some(flow) = drains {
            flow.drain(None);
        }
        let over = |life: &Life| life.run != number || life.is_stopped();
        let grace = self.parts.grace;
        let overdue = tokio::select! {
            biased;
            over = seen.wait_for(over) => { drop(over); false }
            () = self.parts.executor.sleep(grace) => true,
        };
        if !overdue {
            self.by_hand(number);
            return Ok(());
        }
        self.lives.send_if_modified(|life| {
            let current = life.run == number;
            if current {
                life.abort();
            }
            current
        });
        let what = format!("not drained within the grace of {grace:?}: its calls were dropped");
        Err(self
            .place(Error::new(ErrorKind::Closed, what))
            .with_hint("what is unsettled will be delivered again"))
    }

    /// An input that has stopped by itself while it was told to counts as told.
    fn by_hand(&self, number: u64) {
        self.lives.send_if_modified(|life| {
            let failed = life.run == number && life.is_over();
            if failed {
                life.set(Phase::Stopped(None));
            }
            failed
        });
    }

    /// Starts nothing any more: the application ends.
    pub(in crate::app) fn close(&self) {
        self.lives.send_modify(|life| {
            life.closed = true;
            if matches!(life.phase, Phase::Starting(_)) {
                life.set(Phase::Stopped(None));
            }
        });
    }

    /// Begins to drain.
    pub(in crate::app) fn drain(&self) {
        let flow = self.lives.borrow().running().map(|run| run.flow.clone());
        if let Some(flow) = flow {
            flow.drain(None);
        }
    }

    /// Waits until nothing of it runs.
    pub(in crate::app) async fn over(&self) {
        drop(self.lives.subscribe().wait_for(Life::is_stopped).await);
    }

    pub(super) fn place(&self, error: Error) -> Error {
        error.at_binding(self.parts.binding.as_str()).at_destination(self.parts.origins.to_string())
    }
}

/// Ready when every one of these inputs has stopped by itself and holds nothing; at least one is
/// given.
pub(in crate::app) async fn all_failed(inputs: &[Arc<Input>]) {
    loop {
        let mut seen: Vec<_> = inputs.iter().map(|input| input.lives.subscribe()).collect();
        if seen.iter_mut().all(|life| life.borrow_and_update().is_over()) {
            return;
        }
        let changes = seen.iter_mut().map(|life| Box::pin(life.changed()));
        drop(select_all(changes).await);
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.lives.send_modify(Life::abort);
    }
}

pub(super) fn ended_early(stop: Option<&Stop>) -> Error {
    match stop {
        // The text has place, cause and remedy already.
        Some(Stop { why, .. }) => {
            Error::new(why.kind(), why.to_string()).transient(why.is_transient())
        }
        None => Error::new(ErrorKind::Closed, "the input was stopped before it was assigned"),
    }
}
