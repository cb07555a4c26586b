//! The inputs of a running application, to look at and to pause.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use binder_core::{Destination, Error, ErrorKind, Result};

use crate::runtime::flow::Flow;

/// The inputs of an application while it runs: what they do, and a way to pause them.
///
/// Got from [`App::bindings`](crate::App::bindings) before the application starts, and kept where it
/// is needed: in the application's state, or beside it. It keeps nothing alive.
///
/// ```
/// use binder::{Bindings, prelude::*};
///
/// #[stream_listener]
/// #[input("orders")]
/// async fn bill(_: String) {}
///
/// let app: App = App::new(()).bind(listeners![bill]);
/// let bindings: Bindings = app.bindings();
/// // Nothing runs yet.
/// assert!(bindings.list().is_empty());
/// assert!(bindings.pause("orders").is_err());
/// ```
#[derive(Clone, Default)]
pub struct Bindings(Arc<Mutex<Vec<Weak<Flow>>>>);

/// An input of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InputStatus {
    /// The function that reads it.
    pub function: &'static str,
    /// The binding.
    pub binding: String,
    /// Where it reads: one destination, or several.
    pub destinations: Vec<Destination>,
    /// What it does.
    pub state: InputState,
}

/// What an input does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputState {
    /// It reads.
    Running,
    /// It was paused: it reads nothing, calls nothing, and stays a member of its group.
    Paused,
    /// It was told to stop, or has stopped by itself.
    Stopped,
}

impl Bindings {
    /// Every input, in the order in which functions were given; none before the start and after
    /// the end.
    #[must_use]
    pub fn list(&self) -> Vec<InputStatus> {
        let status = |flow: Arc<Flow>| InputStatus {
            function: flow.plan.function,
            binding: flow.plan.binding.clone(),
            destinations: flow.plan.origins.iter().cloned().collect(),
            state: match (flow.is_running(), flow.is_paused()) {
                (false, _) => InputState::Stopped,
                (true, true) => InputState::Paused,
                (true, false) => InputState::Running,
            },
        };
        self.flows().into_iter().map(status).collect()
    }

    /// Pauses an input, for every function that reads it: no function is called for a message that
    /// has not started, nor again for one that waits to be tried again. Calls that run are finished;
    /// one may begin while this returns. The process stays a member of its group and keeps its
    /// partitions; a stop drains as usual.
    ///
    /// # Errors
    ///
    /// When no running input has that name; the error names those there are.
    pub fn pause(&self, binding: &str) -> Result<()> {
        self.set(binding, true)
    }

    /// Lets a paused input go on where it was; without effect on one that is not paused.
    ///
    /// # Errors
    ///
    /// As for [`pause`](Self::pause).
    pub fn resume(&self, binding: &str) -> Result<()> {
        self.set(binding, false)
    }

    pub(super) fn add(&self, flow: &Arc<Flow>) {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.retain(|flow| flow.strong_count() > 0);
        flows.push(Arc::downgrade(flow));
    }

    fn flows(&self) -> Vec<Arc<Flow>> {
        let flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.iter().filter_map(Weak::upgrade).collect()
    }

    fn set(&self, binding: &str, paused: bool) -> Result<()> {
        let running: Vec<_> = self.flows().into_iter().filter(|flow| flow.is_running()).collect();
        let mut found = false;
        for flow in running.iter().filter(|flow| flow.plan.binding == binding) {
            flow.pause(paused);
            let what = if paused { "paused" } else { "resumed" };
            tracing::info!(function = flow.plan.function, binding, "{what}");
            found = true;
        }
        if found {
            return Ok(());
        }
        let mut names: Vec<_> =
            running.iter().map(|flow| format!("`{}`", flow.plan.binding)).collect();
        names.sort();
        names.dedup();
        let hint = match names.is_empty() {
            true => "no input runs: the application has not started, or has ended".to_owned(),
            false => format!("there are {}", names.join(", ")),
        };
        let what = format!("there is no running input `{binding}`");
        Err(Error::new(ErrorKind::Config, what).with_hint(hint))
    }
}

impl fmt::Debug for Bindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}
