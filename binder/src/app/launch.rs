//! From functions and configuration to a running application.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::try_join_all;

use super::App;
use super::connect::{self, BoundFunction, BoundListener, Connected};
use super::panicked::panicked;
use super::running::{Running, RunningEmitter, RunningListener};
use crate::config::Sources;
use crate::function::definition::{Kind, Registered};
use crate::function::error::Error;
use crate::function::slot::{Body, Steps};
use crate::runtime::emit::{Emission, EmitTask};
use crate::runtime::input::{Caller, RunningInput};
use crate::runtime::run::panic_text;
use crate::runtime::spawn::Executor;

/// How to launch an application without `#[enable_binding]`: from a test, or inside another
/// program.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The application's name, part of default group names.
    pub name: String,
    /// Where configuration comes from.
    pub sources: Sources,
    /// The functions to run; all if there is none.
    pub only: Vec<String>,
    /// Where tasks run.
    pub executor: Executor,
}

/// Why an application did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum LaunchError {
    /// The configuration is wrong or a broker is not as it has to be.
    Refused(binder_core::Error),
    /// The application could not make its state.
    Failed(Error),
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LaunchError {}

impl From<binder_core::Error> for LaunchError {
    fn from(error: binder_core::Error) -> Self {
        Self::Refused(error)
    }
}

/// How often it is said what the start waits for.
const PATIENCE: Duration = Duration::from_secs(5);

impl Launch {
    /// Starts an application: provisions, binds outputs, then inputs until each is assigned, then
    /// lets emitters emit.
    ///
    /// # Errors
    ///
    /// When anything of it is refused; nothing is left running then.
    pub async fn start<S>(self, app: App<S>) -> Result<Running, LaunchError>
    where
        S: Clone + Send + Sync + 'static,
    {
        let (mut running, emitters) = self.prepare(app).await?;
        let assigned = assigned(&mut running).await;
        running.go(assigned, emitters).await
    }

    /// The same, given up when `stop` is ready: nothing new is started then, and what runs already
    /// is to be drained.
    pub(super) async fn start_unless<S>(
        self,
        app: App<S>,
        stop: impl Future<Output = ()>,
    ) -> Result<Start, LaunchError>
    where
        S: Clone + Send + Sync + 'static,
    {
        tokio::pin!(stop);
        let (mut running, emitters) = tokio::select! {
            biased;
            prepared = self.prepare(app) => prepared?,
            () = &mut stop => return Ok(Start::Nothing),
        };
        let assigned = tokio::select! {
            biased;
            assigned = assigned(&mut running) => assigned,
            () = &mut stop => return Ok(Start::Part(running)),
        };
        running.go(assigned, emitters).await.map(Start::Whole)
    }

    /// Everything up to the first delivery: inputs run, emitters are made and do not emit.
    async fn prepare<S>(self, app: App<S>) -> Result<(Running, Emitters), LaunchError>
    where
        S: Clone + Send + Sync + 'static,
    {
        let resolved = connect::resolve(&self, &app)?;
        let connected = Connected::new(&resolved, &app.binders)?;
        let chosen = connect::choose(&self.only, &app, &resolved, &connected)?;
        connected.provision(&resolved).await?;
        let functions: Vec<_> =
            app.functions.into_iter().filter(|f| chosen.contains(f.definition.name)).collect();
        let outputs = functions.iter().map(|f| connected.bind_outputs(&resolved, &f.definition));
        let outputs = try_join_all(outputs).await?;
        let inputs = functions.iter().map(|f| connected.bind_input(&resolved, &f.definition));
        let inputs = try_join_all(inputs).await?;
        let made = AssertUnwindSafe(async { (app.state)().await }).catch_unwind().await;
        let state = made
            .unwrap_or_else(|panic| Err(panicked("from_fn", panic.as_ref())))
            .map_err(LaunchError::Failed)?;
        let mut running = Running {
            inputs: Vec::new(),
            emitters: Vec::new(),
            until: app.until,
            grace: resolved.grace,
            binders: connected.into_binders(),
            executor: self.executor.clone(),
            bindings: app.bindings,
        };
        let mut emitters = Vec::new();
        // Emitters' functions are called first, so that what they leave in the state is there
        // before a message is; their streams are polled last.
        let (first, then): (Vec<_>, Vec<_>) = functions
            .iter()
            .zip(inputs.into_iter().zip(outputs))
            .partition(|(function, _)| function.definition.kind == Kind::Emitter);
        for (function, (input, outputs)) in first.into_iter().chain(then) {
            let bound = BoundFunction { input, outputs };
            let body = (function.body)(state.clone());
            start_function(&self.executor, function, body, bound, &mut running, &mut emitters)?;
        }
        Ok((running, emitters))
    }
}

/// How far a start has come.
pub(super) enum Start {
    /// Given up before any function could be called.
    Nothing,
    /// Given up while inputs were waiting for their assignment; some may have begun work.
    Part(Running),
    /// Everything runs.
    Whole(Running),
}

impl Running {
    /// Lets emitters emit, or stops everything where an input has ended before it was assigned.
    async fn go(
        mut self,
        assigned: binder_core::Result<()>,
        emitters: Emitters,
    ) -> Result<Self, LaunchError> {
        if let Err(error) = assigned {
            self.stop().await;
            return Err(error.into());
        }
        tracing::info!("ready: every input is assigned");
        for (emission, steps) in emitters {
            let task = self.executor.spawn_worker(EmitTask::new(Arc::clone(&emission), steps));
            self.emitters.push(RunningEmitter { emission, task });
        }
        Ok(self)
    }
}

/// Emitters that start once every input is assigned.
type Emitters = Vec<(Arc<Emission>, Box<dyn Steps>)>;

fn start_function<S>(
    executor: &Executor,
    function: &Registered<S>,
    body: Body,
    bound: BoundFunction,
    running: &mut Running,
    emitters: &mut Emitters,
) -> Result<(), LaunchError> {
    let BoundFunction { input, outputs } = bound;
    let caller = match body {
        Body::Calls(slot) => Caller::Calls(slot),
        Body::Stream(make) => Caller::Stream(make),
        Body::Emitter(make) => {
            let name = function.definition.name;
            let steps = catch_unwind(AssertUnwindSafe(make)).map_err(|panic| {
                let why = panic_text(panic.as_ref());
                LaunchError::Failed(Error::msg(format!("emitter `{name}` panicked: {why}")))
            })?;
            emitters.push((Emission::new(name, outputs), steps));
            return Ok(());
        }
    };
    let Some(listener) = input else { return Ok(()) };
    let BoundListener { mut plan, bound, aside, feeds } = listener;
    plan.stream = matches!(caller, Caller::Stream(_));
    let input = RunningInput::start(executor, plan, bound, &outputs, aside, caller);
    running.bindings.add(&input.flow);
    running.inputs.push(RunningListener { input, feeds });
    Ok(())
}

/// Waits until every input is assigned, and says every few seconds for which it waits.
async fn assigned(running: &mut Running) -> binder_core::Result<()> {
    for RunningListener { input, .. } in &mut running.inputs {
        let (function, binding) = (input.flow.plan.function, input.flow.plan.binding.clone());
        let waiting = input.assigned();
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                biased;
                assigned = &mut waiting => break assigned?,
                () = tokio::time::sleep(PATIENCE) => {
                    tracing::info!(function, binding, "waiting for the first assignment");
                }
            }
        }
    }
    Ok(())
}
