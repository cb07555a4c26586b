//! The scripted binder itself: a registry of its inputs and outputs.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex};

use binder_core::{
    Binder, BoundInput, BoxFuture, Capabilities, ConsumerSpec, Error, ProducerSpec, Publisher,
    Result, Topology,
};

use crate::script::event::{Events, ScriptEvent};
use crate::script::input::ScriptedInput;
use crate::script::output::ScriptedOutput;
use crate::script::{publisher, subscription};
use crate::signal::lock;

/// A binder whose broker is played by the test. A clone is the same binder.
#[derive(Clone, Debug, Default)]
pub struct ScriptedBinder(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    events: Events,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By destination and group; no group stands for every group that has no input of its own.
    inputs: BTreeMap<(String, Option<String>), ScriptedInput>,
    outputs: BTreeMap<String, ScriptedOutput>,
    topology: Option<Topology>,
    provision_failure: Option<Error>,
    capabilities: Capabilities,
}

impl ScriptedBinder {
    /// A binder with nothing in it and no capabilities.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same binder, which now says that it can do this.
    #[must_use]
    pub fn with_capabilities(self, capabilities: Capabilities) -> Self {
        lock(&self.0.state).capabilities = capabilities;
        self
    }

    /// The input of a destination, whatever group binds it.
    #[must_use]
    pub fn input(&self, destination: &str) -> ScriptedInput {
        self.input_at(destination, None)
    }

    /// The input of a destination for one group, for functions that read the same destination.
    #[must_use]
    pub fn input_of(&self, destination: &str, group: &str) -> ScriptedInput {
        self.input_at(destination, Some(group))
    }

    fn input_at(&self, destination: &str, group: Option<&str>) -> ScriptedInput {
        let key = (destination.to_owned(), group.map(str::to_owned));
        let make = || subscription::Shared::new(destination, self.0.events.clone());
        let mut state = lock(&self.0.state);
        state.inputs.entry(key).or_insert_with(|| ScriptedInput(Arc::new(make()))).clone()
    }

    /// The output of a destination.
    #[must_use]
    pub fn output(&self, destination: &str) -> ScriptedOutput {
        let make = || publisher::Shared::new(destination, self.0.events.clone());
        let mut state = lock(&self.0.state);
        let entry = state.outputs.entry(destination.to_owned());
        entry.or_insert_with(|| ScriptedOutput(Arc::new(make()))).clone()
    }

    /// What happened, in order.
    #[must_use]
    pub fn events(&self) -> Vec<ScriptEvent> {
        self.0.events.all()
    }

    /// What was last provisioned.
    #[must_use]
    pub fn topology(&self) -> Option<Topology> {
        lock(&self.0.state).topology.clone()
    }

    /// Lets the next provisioning fail with this error.
    pub fn refuse_provision(&self, error: Error) {
        lock(&self.0.state).provision_failure = Some(error);
    }

    /// The input that a specification means: its group's own, else the destination's.
    fn meant_by(&self, spec: &ConsumerSpec) -> ScriptedInput {
        let destination = spec.destination.as_str();
        if let Some(group) = &spec.group {
            let key = (destination.to_owned(), Some(group.as_str().to_owned()));
            if let Some(input) = lock(&self.0.state).inputs.get(&key) {
                return input.clone();
            }
        }
        self.input(destination)
    }
}

impl Binder for ScriptedBinder {
    fn bind_consumer<'a>(&'a self, spec: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>> {
        Box::pin(ready(self.meant_by(spec).0.bind(spec)))
    }

    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        Box::pin(ready(self.output(spec.destination.as_str()).0.bind(spec)))
    }

    fn provision<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<()>> {
        let mut state = lock(&self.0.state);
        let result = state.provision_failure.take().map_or(Ok(()), Err);
        if result.is_ok() {
            state.topology = Some(topology.clone());
            self.0.events.record(ScriptEvent::Provisioned);
        }
        Box::pin(ready(result))
    }

    fn capabilities(&self) -> Capabilities {
        lock(&self.0.state).capabilities
    }
}
