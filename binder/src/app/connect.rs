//! Binders, and what functions are bound to on them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use binder_core::{Binder, BoundInput, Destination, Error, ErrorKind, Publisher, Result};
use futures::future::{TryFutureExt, try_join_all};

use super::patience::reach;
use super::select::{self, Choice};
use super::{App, Launch, specs};
use crate::config::{
    self, FunctionNames, OnExhausted, Resolved, ResolvedFunction, ResolvedInput, ResolvedOutput,
};
use crate::function::definition::{Definition, Registered};
use crate::registry;
use crate::runtime::merge::merge;
use crate::runtime::origins::Origins;
use crate::runtime::plan::{InputPlan, OutputPlan};

/// What the configuration means for the functions of an application.
///
/// # Errors
///
/// When it does not fit them.
pub(super) fn resolve<S>(launch: &Launch, app: &App<S>) -> Result<Resolved> {
    let config = config::load(&launch.sources)?;
    let functions: Vec<_> = app
        .functions
        .iter()
        .map(|Registered { definition, .. }| FunctionNames {
            name: definition.name,
            inputs: definition.inputs,
            outputs: definition.outputs,
        })
        .collect();
    config.resolve(&launch.name, &functions, &registry::kinds(&app.binders))
}

/// The names of the functions to run.
///
/// # Errors
///
/// When `--only` names what is not there, or cuts a stream that lives in one process.
pub(super) fn choose<S>(
    only: &[String],
    app: &App<S>,
    resolved: &Resolved,
    connected: &Connected,
) -> Result<BTreeSet<String>> {
    let names: Vec<_> = app.functions.iter().map(|function| function.definition.name).collect();
    let chosen = select::names(only, &names, &app.together)?;
    let choices: Vec<_> = resolved.functions.iter().map(|f| connected.choice(f)).collect();
    select::check_shared(&chosen, &choices)?;
    Ok(chosen)
}

/// Binders that some binding uses, by their names in the configuration.
pub(super) struct Connected(BTreeMap<String, Arc<dyn Binder>>);

/// A function with everything it reads and writes.
pub(super) struct BoundFunction {
    pub(super) input: Option<BoundListener>,
    pub(super) outputs: Vec<OutputPlan>,
}

/// The input of a listener.
pub(super) struct BoundListener {
    pub(super) plan: InputPlan,
    pub(super) bound: BoundInput,
    /// Dead letters, as many as the plan says; behind them where messages wait to be tried again.
    pub(super) aside: Vec<Arc<dyn Publisher>>,
    /// Destinations it writes on binders that live in this process.
    pub(super) feeds: Vec<Destination>,
}

impl Connected {
    /// Makes the clients; reaches nobody yet.
    pub(super) fn new(
        resolved: &Resolved,
        offered: &BTreeMap<String, Arc<dyn Binder>>,
    ) -> Result<Self> {
        let make = |(name, binder): (&String, _)| {
            let made = registry::make(binder, &resolved.app, offered);
            made.map(|made| (name.clone(), made)).map_err(|error| error.at_binder(name.as_str()))
        };
        resolved.binders.iter().map(make).collect::<Result<_>>().map(Self)
    }

    pub(super) fn binders(&self) -> Vec<Arc<dyn Binder>> {
        self.0.values().cloned().collect()
    }

    pub(super) fn binder(&self, name: &str) -> Result<&Arc<dyn Binder>> {
        self.0
            .get(name)
            .ok_or_else(|| Error::new(ErrorKind::Config, format!("there is no binder `{name}`")))
    }

    fn is_shared(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|binder| binder.capabilities().shared)
    }

    fn choice<'a>(&self, function: &'a ResolvedFunction) -> Choice<'a> {
        let alone = function.inputs.iter().filter(|input| !self.is_shared(&input.binder));
        let sources = alone.flat_map(|input| &input.sources);
        let reads = sources.clone().map(|source| source.destination.as_str());
        let letters = sources.filter_map(|source| Some(source.dead_letter.as_ref()?.as_str()));
        let writes = function
            .outputs
            .iter()
            .filter(|output| !self.is_shared(&output.binder))
            .map(|output| output.destination.as_str());
        Choice {
            name: &function.name,
            reads_alone: reads.collect(),
            writes_alone: writes.chain(letters).collect(),
        }
    }

    /// Creates and checks what all functions need, also those that this process leaves out.
    pub(super) async fn provision(&self, resolved: &Resolved) -> Result<()> {
        let each = self.0.iter().map(|(name, binder)| async move {
            let topology = specs::topology(resolved, name);
            reach(waits(resolved, name), || async {
                let provisioned = binder.provision(&topology).await;
                provisioned.map_err(|error| error.at_binder(name.as_str()))
            })
            .await
        });
        try_join_all(each).await.map(|_| ())
    }

    /// Binds the outputs of one function.
    pub(super) async fn bind_outputs(
        &self,
        resolved: &Resolved,
        definition: &Definition,
    ) -> Result<Vec<OutputPlan>> {
        let function = find(resolved, definition.name)?;
        let each = function.outputs.iter().map(|output| {
            reach(waits(resolved, &output.binder), move || self.output(resolved, output))
        });
        try_join_all(each).await
    }

    async fn output(&self, resolved: &Resolved, output: &ResolvedOutput) -> Result<OutputPlan> {
        let spec = specs::producer(resolved, output);
        let bound = self.binder(&output.binder)?.bind_producer(&spec).await;
        let place = |error: Error| {
            error
                .at_binder(output.binder.as_str())
                .at_binding(output.binding.as_str())
                .at_destination(output.destination.as_str())
        };
        Ok(OutputPlan {
            binding: output.binding.to_string(),
            destination: output.destination.clone(),
            publisher: bound.map_err(place)?,
            drop_refused: output.on_exhausted == OnExhausted::Drop,
        })
    }

    /// Binds the input of one listener and its dead letters; an emitter has none.
    pub(super) async fn bind_input(
        &self,
        resolved: &Resolved,
        definition: &Definition,
    ) -> Result<Option<BoundListener>> {
        let function = find(resolved, definition.name)?;
        let Some(input) = function.inputs.first() else { return Ok(None) };
        let place = |error: Error| {
            error.at_binder(input.binder.as_str()).at_binding(input.binding.as_str())
        };
        let bind = || async {
            self.input(resolved, definition.name, function, input).await.map_err(place)
        };
        reach(waits(resolved, &input.binder), bind).await.map(Some)
    }

    async fn input(
        &self,
        resolved: &Resolved,
        name: &'static str,
        function: &ResolvedFunction,
        input: &ResolvedInput,
    ) -> Result<BoundListener> {
        let binder = self.binder(&input.binder)?;
        let letters = specs::dead_producers(resolved, input);
        let waiting = specs::waiting_producers(resolved, input);
        let aside = letters.iter().chain(&waiting).map(|spec| {
            let bound = binder.bind_producer(spec);
            bound.map_err(|error| error.at_destination(spec.destination.as_str()))
        });
        let aside = try_join_all(aside).await?;
        let sources = specs::consumers(resolved, input);
        let parts = sources.iter().map(|spec| async {
            let bound = binder.bind_consumer(spec).await;
            let bound = bound.map_err(|error| error.at_destination(spec.destination.as_str()))?;
            Ok((spec.destination.clone(), bound))
        });
        let bound = merge(try_join_all(parts).await?)?;
        let outputs = function.outputs.iter().map(|output| (&output.binder, &output.destination));
        let feeds = outputs
            .chain(letters.iter().map(|letters| (&input.binder, &letters.destination)))
            .filter(|(binder, _)| !self.is_shared(binder))
            .map(|(_, destination)| destination.clone());
        let capabilities =
            |name: &str| self.0.get(name).map(|b| b.capabilities()).unwrap_or_default();
        let read = input.sources.iter().map(|source| source.destination.clone());
        let origins = Origins::new(read, waiting.len() / input.sources.len().max(1))?;
        let plan = specs::plan(name, function, input, origins, letters.len(), capabilities);
        Ok(BoundListener { plan, bound, aside, feeds: feeds.collect() })
    }
}

fn waits(resolved: &Resolved, binder: &str) -> bool {
    resolved.binders.get(binder).is_some_and(|binder| binder.waits)
}

fn find<'a>(resolved: &'a Resolved, name: &str) -> Result<&'a ResolvedFunction> {
    resolved
        .functions
        .iter()
        .find(|function| function.name == name)
        .ok_or_else(|| Error::new(ErrorKind::Config, format!("function `{name}` was not resolved")))
}
