//! Launches an application on a scripted binder.

use std::sync::Arc;

use binder::config::Sources;
use binder::{App, Executor, Launch, LaunchError, Registered, Running};
use binder_core::{Capabilities, Settlement, message as wire};
use binder_testkit::script::{ScriptedBinder, ScriptedInput};
use futures::FutureExt;
use serde::{Deserialize, Serialize};

/// What most messages here say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
}

/// An order as it is on the wire.
pub(crate) fn order(id: usize) -> wire::Message {
    wire::Message::new(format!("{{\"id\":{id}}}"))
}

/// What is no order.
pub(crate) fn broken() -> wire::Message {
    wire::Message::new("no order")
}

/// An application named `shop`, everything on the current runtime.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) binder: ScriptedBinder,
    pub(crate) executor: Executor,
    set: Vec<String>,
    only: Vec<String>,
}

impl Bench {
    /// A binder with nothing in it, which processes share.
    pub(crate) fn new() -> Self {
        let mut capabilities = Capabilities::default();
        capabilities.shared = true;
        Self {
            binder: ScriptedBinder::new().with_capabilities(capabilities),
            executor: Executor::current(),
            set: vec!["default_binder=scripted".to_owned()],
            only: Vec::new(),
        }
    }

    /// Processes do not share it.
    pub(crate) fn alone(mut self) -> Self {
        self.binder = self.binder.with_capabilities(Capabilities::default());
        self
    }

    /// Sets one key of the configuration.
    pub(crate) fn set(mut self, assignment: &str) -> Self {
        self.set.push(assignment.to_owned());
        self
    }

    /// Runs one function, and those that have to run with it.
    pub(crate) fn only(mut self, function: &str) -> Self {
        self.only.push(function.to_owned());
        self
    }

    pub(crate) async fn start<S>(&self, app: App<S>) -> Result<Running, LaunchError>
    where
        S: Clone + Send + Sync + 'static,
    {
        let directory = env!("CARGO_TARGET_TMPDIR").into();
        let launch = Launch {
            name: "shop".to_owned(),
            sources: Sources { set: self.set.clone(), directory, ..Sources::default() },
            only: self.only.clone(),
            executor: self.executor.clone(),
        };
        launch.start(app.binder("scripted", Arc::new(self.binder.clone()))).await
    }

    /// Starts listeners that have no state.
    pub(crate) async fn listen(&self, listeners: Vec<Registered<()>>) -> Running {
        self.start(App::new(()).bind(listeners)).await.unwrap()
    }

    /// The input of a destination.
    pub(crate) fn input(&self, destination: &str) -> ScriptedInput {
        self.binder.input(destination)
    }

    /// What was published to a destination.
    pub(crate) fn published(&self, destination: &str) -> Vec<wire::Message> {
        self.binder.output(destination).published()
    }

    /// The same, as text.
    pub(crate) fn texts(&self, destination: &str) -> Vec<String> {
        texts(&self.published(destination))
    }
}

/// Payloads as text.
pub(crate) fn texts(messages: &[wire::Message]) -> Vec<String> {
    let text = |message: &wire::Message| {
        String::from_utf8_lossy(message.payload.as_deref().unwrap_or_default()).into_owned()
    };
    messages.iter().map(text).collect()
}

/// How many settlements of an input were that.
pub(crate) fn count(input: &ScriptedInput, settlement: Settlement) -> usize {
    input.settlements().iter().filter(|(_, what)| *what == settlement).count()
}

/// Lets everything happen that can happen without time passing, in virtual time.
pub(crate) async fn settle_down() {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await; // virtual
}

/// Polls once.
pub(crate) fn is_pending(future: impl Future + Unpin) -> bool {
    future.now_or_never().is_none()
}
