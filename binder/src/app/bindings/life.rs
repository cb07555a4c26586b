//! What an input is doing, through all its starts and stops.

use std::sync::Arc;
use std::time::SystemTime;

use binder_core::Error;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::function::position::Position;
use crate::runtime::flow::Flow;

/// The state of one input, which everybody who changes or awaits it shares.
///
/// A run is numbered. Whoever has started one changes the state only while it is still that one.
pub(super) type Lives = watch::Sender<Life>;

#[derive(Debug)]
pub(super) struct Life {
    /// Counts starts.
    pub(super) run: u64,
    pub(super) phase: Phase,
    pub(super) since: SystemTime,
    /// This run, or the last one, was assigned what it reads.
    pub(super) assigned: bool,
    /// The application ends: there is no other start.
    pub(super) closed: bool,
}

/// How far an input has come.
#[derive(Debug)]
pub(super) enum Phase {
    /// It is being bound. With why it had stopped before, if it had by itself.
    Starting(Option<Arc<Stop>>),
    /// Its tasks run, also while it drains.
    Running(Run),
    /// It has stopped at a message, and holds its place in the group.
    Holding(Arc<Stop>, Run),
    /// Nothing of it runs. With why, if it has stopped by itself.
    Stopped(Option<Arc<Stop>>),
}

/// The tasks of an input.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) flow: Arc<Flow>,
    /// Ends the task that watches over them, and them with it.
    pub(super) task: AbortHandle,
}

/// Why an input has stopped by itself.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) why: Error,
    pub(super) position: Option<Position>,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}

impl Life {
    /// An input that is being bound for the first time.
    pub(super) fn first() -> Self {
        let (phase, since) = (Phase::Starting(None), SystemTime::now());
        Self { run: 0, phase, since, assigned: false, closed: false }
    }

    pub(super) fn set(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = SystemTime::now();
    }

    pub(super) const fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped(_))
    }

    /// What of it runs.
    pub(super) const fn running(&self) -> Option<&Run> {
        match &self.phase {
            Phase::Running(run) | Phase::Holding(_, run) => Some(run),
            _ => None,
        }
    }

    /// Why it has stopped by itself, if it has.
    pub(super) const fn stop(&self) -> Option<&Arc<Stop>> {
        match &self.phase {
            Phase::Stopped(Some(stop)) | Phase::Holding(stop, _) => Some(stop),
            _ => None,
        }
    }

    /// Whether it has stopped by itself and holds nothing that others would stop at.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Stopped(Some(_)))
    }

    /// Lets nothing of it run on; whatever runs is to be dropped.
    pub(super) fn abort(&mut self) {
        if let Some(run) = self.running() {
            run.task.abort();
        }
        if !self.is_stopped() {
            self.set(Phase::Stopped(None));
        }
    }
}
