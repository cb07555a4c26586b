//! The inputs of a running application, to look at, to pause, to stop and to start.

mod input;
mod life;
mod start;
mod status;
mod watch;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use binder_core::{Error, ErrorKind, Result};
use futures::future::join_all;

use self::life::{Phase, Run};
use crate::runtime::emit::Emission;

pub(super) use self::input::{Bind, Input, Parts, all_failed};
pub use self::status::{InputCounts, InputState, InputStatus, LastError, StopReason};

/// The inputs of an application while it runs: what they do, and a way to pause, stop and start
/// them.
///
/// Got from [`App::bindings`](crate::App::bindings) before the application starts, and kept where it
/// is needed: in the application's state, or beside it. It keeps nothing alive. Emitters have no
/// input: they are neither listed nor stopped here, though one that has failed is not
/// [ready](Self::is_ready).
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
/// assert!(bindings.list().is_empty() && !bindings.is_ready());
/// assert!(bindings.pause("orders").is_err());
/// ```
#[derive(Clone, Default)]
pub struct Bindings(Arc<Mutex<Seen>>);

/// What of an application is to be seen here.
#[derive(Default)]
struct Seen {
    inputs: Vec<Weak<Input>>,
    emitters: Vec<Weak<Emission>>,
    /// Alive while the application has started and is not being ended.
    started: Weak<()>,
}

impl Bindings {
    /// Every input, in the order in which functions were given; none before the start and after
    /// the end.
    #[must_use]
    pub fn list(&self) -> Vec<InputStatus> {
        self.inputs().iter().map(|input| status::status(input).0).collect()
    }

    /// Whether the application is ready to do its work: it has started and is not being ended, every
    /// input was assigned what it reads, and none has stopped by itself, nor has an emitter. An
    /// input that somebody has paused or stopped does not count against it.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let seen = self.lock();
        let started = seen.started.strong_count() > 0;
        let emitters: Vec<_> = seen.emitters.iter().filter_map(Weak::upgrade).collect();
        drop(seen);
        started
            && self.inputs().iter().all(|input| status::status(input).1)
            && !emitters.iter().any(|emitter| emitter.has_failed())
    }

    /// Pauses an input, for every function that reads it: no function is called for a message that
    /// has not started, nor again for one that waits to be tried again. Calls that run are finished;
    /// one may begin while this returns. The process stays a member of its group and keeps its
    /// partitions; a stop drains as usual, and a start after it reads.
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

    /// Stops an input, for every function that reads it, as at the end of the application: what has
    /// started is finished within the grace, what has not goes back, the process leaves the group.
    /// Ready when it has stopped. The application lives on, and does not end because of inputs that
    /// were stopped here.
    ///
    /// Without effect on one that is stopped; one that had stopped by itself counts as stopped by
    /// hand from then on. A start that is under way is given up. Dropped before it is ready, the
    /// input drains all the same, however long that takes.
    ///
    /// # Errors
    ///
    /// When the application has no input of that name; the error names those there are. When it has
    /// not drained within the grace: it is stopped then all the same, its calls are dropped, and what
    /// was not settled comes again.
    pub async fn stop(&self, binding: &str) -> Result<()> {
        let inputs = self.named(binding)?;
        for input in &inputs {
            tracing::info!(function = input.parts.function, binding, "stopping");
        }
        join_all(inputs.iter().map(|input| input.stop())).await.into_iter().collect()
    }

    /// Starts an input that was stopped, or has stopped by itself, for every function that reads it:
    /// it joins its group again and goes on at the first message that is not settled. The function
    /// and the application's state are the same as before; a stream function is called for a new
    /// stream. Ready when it is assigned what it reads, which a broker may delay.
    ///
    /// Without effect on one that runs. It waits for a stop that is under way. Dropped before the
    /// input is bound, it is stopped as before.
    ///
    /// # Errors
    ///
    /// When the application has no input of that name; the error names those there are. When it
    /// cannot be bound, or is stopped meanwhile, or the application ends: it is stopped as before.
    pub async fn start(&self, binding: &str) -> Result<()> {
        let inputs = self.named(binding)?;
        for input in &inputs {
            tracing::info!(function = input.parts.function, binding, "starting");
        }
        join_all(inputs.iter().map(|input| input.start())).await.into_iter().collect()
    }

    pub(super) fn add(&self, input: &Arc<Input>) {
        let mut seen = self.lock();
        seen.inputs.retain(|input| input.strong_count() > 0);
        seen.inputs.push(Arc::downgrade(input));
    }

    pub(super) fn add_emitter(&self, emission: &Arc<Emission>) {
        let mut seen = self.lock();
        seen.emitters.retain(|emission| emission.strong_count() > 0);
        seen.emitters.push(Arc::downgrade(emission));
    }

    /// The application has started; it has ended when the answer is dropped.
    pub(super) fn started(&self) -> Arc<()> {
        let started = Arc::new(());
        self.lock().started = Arc::downgrade(&started);
        started
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inputs(&self) -> Vec<Arc<Input>> {
        self.lock().inputs.iter().filter_map(Weak::upgrade).collect()
    }

    fn named(&self, binding: &str) -> Result<Vec<Arc<Input>>> {
        let (found, others): (Vec<_>, Vec<_>) =
            self.inputs().into_iter().partition(|input| input.parts.binding == binding);
        if found.is_empty() {
            return Err(none(&format!("there is no input `{binding}`"), &others));
        }
        Ok(found)
    }

    fn set(&self, binding: &str, paused: bool) -> Result<()> {
        let (mut found, mut others) = (false, Vec::new());
        for input in self.inputs() {
            let Some(Run { flow, .. }) = running(&input) else { continue };
            if input.parts.binding != binding {
                others.push(input);
                continue;
            }
            flow.pause(paused);
            let what = if paused { "paused" } else { "resumed" };
            tracing::info!(function = flow.plan.function, binding, "{what}");
            found = true;
        }
        if found {
            return Ok(());
        }
        Err(none(&format!("there is no running input `{binding}`"), &others))
    }
}

/// What runs of an input, and is not being stopped.
fn running(input: &Input) -> Option<Run> {
    match &input.lives.borrow().phase {
        Phase::Running(run) if run.flow.is_running() => Some(run.clone()),
        _ => None,
    }
}

fn none(what: &str, inputs: &[Arc<Input>]) -> Error {
    let mut names: Vec<_> =
        inputs.iter().map(|input| format!("`{}`", input.parts.binding)).collect();
    names.sort();
    names.dedup();
    let hint = match names.is_empty() {
        true => "no input runs: the application has not started, or has ended".to_owned(),
        false => format!("there are {}", names.join(", ")),
    };
    Error::new(ErrorKind::Config, what).with_hint(hint)
}

impl fmt::Debug for Bindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent<T: Send>(_: T) {}

    #[test]
    fn what_waits_may_be_sent_to_another_thread() {
        let bindings = Bindings::default();
        sent((bindings.stop("orders"), bindings.start("orders"), bindings.clone()));
        let launch = |launch: crate::Launch| sent(launch.start(crate::App::new(())));
        let _: fn(crate::Launch) = launch;
    }
}
