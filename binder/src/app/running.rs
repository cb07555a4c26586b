//! A running application, and how it ends.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use binder_core::{Binder, Error};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::task::JoinHandle;

use super::bindings::{Bindings, Input, all_failed};
use super::exit::Exit;
use super::panicked::panicked;
use super::signals::Signals;
use crate::function::classes::Classes;
use crate::function::error::Result;
use crate::runtime::emit::Emission;
use crate::runtime::spawn::Executor;

/// An emitter whose task runs.
pub(super) struct RunningEmitter {
    pub(super) emission: Arc<Emission>,
    pub(super) task: JoinHandle<std::result::Result<(), Error>>,
}

/// An application that is dropped leaves no task behind.
impl Drop for RunningEmitter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An application whose inputs are assigned and whose emitters emit.
pub struct Running {
    pub(super) inputs: Vec<Arc<Input>>,
    pub(super) emitters: Vec<RunningEmitter>,
    pub(super) until: Option<BoxFuture<'static, Result<()>>>,
    pub(super) grace: Duration,
    /// Dropped last: the inputs and outputs live in them.
    pub(super) binders: Vec<Arc<dyn Binder>>,
    /// Keeps the thread of the pumps alive.
    pub(super) executor: Executor,
    /// Whoever looks at the inputs from outside.
    pub(super) bindings: Bindings,
    /// Alive while the application is started and does not end: what readiness asks.
    pub(super) started: Option<Arc<()>>,
    /// What the application says about its error types.
    pub(super) classes: Classes,
}

/// Why an application ends.
enum Reason {
    Asked,
    Finished,
    Failed,
    Stopped,
}

impl Running {
    /// Stops the application: emitters first, then inputs, what has started is finished within
    /// the grace.
    pub async fn stop(self) -> Exit {
        self.drain(Reason::Asked, &mut None).await
    }

    /// Runs until `until` is ready, until nothing is left to do, or until every input has stopped
    /// by itself. One that was stopped by hand may be started again: the application lives on.
    pub async fn ended(mut self) -> Exit {
        let reason = self.reason(&mut None).await;
        self.drain(reason, &mut None).await
    }

    /// Stops the application, at once if another signal comes.
    pub(super) async fn stop_or_signal(self, signals: Signals) -> Exit {
        self.drain(Reason::Asked, &mut Some(signals)).await
    }

    /// The same as [`ended`](Self::ended), and until a signal comes.
    pub(super) async fn ended_or_signal(mut self, signals: Signals) -> Exit {
        let signals = &mut Some(signals);
        let reason = self.reason(signals).await;
        self.drain(reason, signals).await
    }

    async fn reason(&mut self, signals: &mut Option<Signals>) -> Reason {
        let until = self.until.take();
        // An application that says itself when it is done is not done earlier.
        let goes_on = until.is_some() && self.inputs.is_empty();
        tokio::select! {
            biased;
            () = signal(signals) => Reason::Asked,
            result = ready(until) => match result {
                Ok(()) => Reason::Finished,
                Err(error) => {
                    tracing::error!("the application failed: {error}");
                    Reason::Failed
                }
            },
            reason = finished(&self.inputs, &mut self.emitters), if !goes_on => reason,
        }
    }

    async fn drain(self, reason: Reason, signals: &mut Option<Signals>) -> Exit {
        let Self { inputs, mut emitters, grace, binders, executor, started, .. } = self;
        drop(started);
        let overdue = tokio::select! {
            biased;
            () = stop(&inputs, &mut emitters, executor.sleep(grace / 2)) => None,
            () = executor.sleep(grace) => Some(format!("not drained within the grace of {grace:?}")),
            () = signal(signals) => Some("a second signal".to_owned()),
        };
        if let Some(why) = overdue {
            tracing::error!("{why}: what is unsettled will be delivered again");
            return Exit::Overdue;
        }
        drop((inputs, emitters));
        drop(binders);
        drop(executor);
        match reason {
            Reason::Asked | Reason::Finished => Exit::Drained,
            Reason::Failed => Exit::Failed,
            Reason::Stopped => Exit::Stopped,
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("inputs", &self.inputs.len())
            .field("emitters", &self.emitters.len())
            .finish_non_exhaustive()
    }
}

async fn signal(signals: &mut Option<Signals>) {
    match signals {
        Some(signals) => {
            // Not within the macro: what is not logged is not evaluated, and not waited for.
            let name = signals.next().await;
            tracing::info!("{name}: stopping");
        }
        None => std::future::pending().await,
    }
}

async fn ready(until: Option<BoxFuture<'static, Result<()>>>) -> Result<()> {
    match until {
        Some(until) => AssertUnwindSafe(until)
            .catch_unwind()
            .await
            .unwrap_or_else(|panic| Err(panicked("until", panic.as_ref()))),
        None => std::future::pending().await,
    }
}

/// Ready when every input has stopped by itself, or when there is none and every emitter has ended.
async fn finished(inputs: &[Arc<Input>], emitters: &mut [RunningEmitter]) -> Reason {
    if inputs.is_empty() {
        let mut ending: FuturesUnordered<_> =
            emitters.iter_mut().map(|emitter| &mut emitter.task).collect();
        let mut failed = false;
        while let Some(ended) = ending.next().await {
            failed |= !matches!(ended, Ok(Ok(())));
        }
        return if failed { Reason::Stopped } else { Reason::Finished };
    }
    all_failed(inputs).await;
    tracing::error!("every input has stopped");
    Reason::Stopped
}

/// Emitters first, so that nothing new comes in; then inputs, as far as they depend on one another
/// the writers before the readers.
///
/// An emitter that does not end, because it blocks or its broker is gone, keeps the inputs from
/// draining for `patience` alone.
async fn stop(
    inputs: &[Arc<Input>],
    emitters: &mut [RunningEmitter],
    patience: impl Future<Output = ()>,
) {
    for emitter in emitters.iter() {
        emitter.emission.drain();
    }
    let late = tokio::select! {
        biased;
        () = ended(emitters) => false,
        () = patience => true,
    };
    if late {
        tracing::warn!("an emitter has not ended in half the grace: inputs stop meanwhile");
    }
    stop_inputs(inputs).await;
    ended(emitters).await;
}

async fn ended(emitters: &mut [RunningEmitter]) {
    for emitter in emitters.iter_mut().filter(|emitter| !emitter.task.is_finished()) {
        if let Err(error) = (&mut emitter.task).await {
            tracing::error!(function = emitter.emission.function, "a task failed: {error}");
        }
    }
}

async fn stop_inputs(inputs: &[Arc<Input>]) {
    inputs.iter().for_each(|input| input.close());
    let mut left: Vec<_> = inputs.iter().collect();
    while !left.is_empty() {
        let (first, then) = writers_first(left);
        first.iter().for_each(|input| input.drain());
        for input in first {
            input.over().await;
        }
        left = then;
    }
}

/// Splits off the inputs whose functions none of the others feeds; all of them where they feed one
/// another in a circle.
fn writers_first(inputs: Vec<&Arc<Input>>) -> (Vec<&Arc<Input>>, Vec<&Arc<Input>>) {
    let is_fed = |(at, reader): (usize, &&Arc<Input>)| {
        let others = inputs.iter().enumerate().filter(|(other, _)| *other != at);
        let origins = &reader.parts.origins;
        let feeds = |writer: &Input| origins.iter().any(|d| writer.parts.feeds.contains(d));
        others.into_iter().any(|(_, writer)| feeds(writer))
    };
    let fed: Vec<bool> = inputs.iter().enumerate().map(is_fed).collect();
    if fed.iter().all(|fed| *fed) {
        return (inputs, Vec::new());
    }
    let (then, first): (Vec<_>, Vec<_>) = inputs.into_iter().zip(fed).partition(|(_, fed)| *fed);
    let only = |pairs: Vec<(_, bool)>| pairs.into_iter().map(|(input, _)| input).collect();
    (only(first), only(then))
}
