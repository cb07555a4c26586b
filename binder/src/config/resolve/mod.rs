//! What the configuration means for the functions of one application: a pure function.

mod agreement;
mod binders;
mod group;
mod input;
mod instance;
mod kind;
mod names;
mod native;
mod output;
mod resolved;
mod retry;
mod settings;

use binder_core::Result;

use crate::config::Config;
use crate::config::layer::environment::written;
use crate::config::node::{Node, Table};
use crate::config::origin::Origin;
use crate::config::problem::Problems;
use crate::config::section::Section;
use crate::config::value::Setting;
use agreement::Counts;
use binders::Binders;
pub use native::Native;
pub use resolved::{
    OnExhausted, Order, Resolved, ResolvedBinder, ResolvedFunction, ResolvedInput, ResolvedOutput,
    ResolvedSource, RetryPlace, RetryPolicy,
};

/// A function and the bindings that its attributes name.
#[derive(Clone, Copy, Debug)]
pub struct FunctionNames<'a> {
    /// The function's name.
    pub name: &'a str,
    /// The bindings it reads; none for an emitter.
    pub inputs: &'a [&'a str],
    /// The bindings it writes, in order.
    pub outputs: &'a [&'a str],
}

impl Config {
    /// What every function of the application is bound to, and with which settings.
    ///
    /// `package` is the application's name where `app.name` gives none, `functions` are all
    /// functions, also those that this process leaves out, and `compiled` are the kinds of
    /// binders compiled in.
    ///
    /// # Errors
    ///
    /// One error of kind [`Config`](binder_core::ErrorKind::Config) with a line for everything
    /// that does not fit: names that do not exist, a kind that is not compiled in, bindings that
    /// contradict each other.
    pub fn resolve(
        &self,
        package: &str,
        functions: &[FunctionNames<'_>],
        compiled: &[&str],
    ) -> Result<Resolved> {
        let mut problems = Problems::default();
        names::check(self, functions, compiled, &mut problems);
        let app = self.app_name(package);
        let binders = Binders::new(self, compiled, &mut problems);
        let counts = Counts::default();
        let mut resolver = Resolver { config: self, app, functions, binders, counts, problems };
        let mut resolved = resolver.functions();
        let Resolver { binders, counts, mut problems, .. } = resolver;
        counts.agree(&mut resolved, &mut problems);
        let instance = instance::of(self, &mut problems);
        problems.or(Resolved {
            app: app.to_owned(),
            instance,
            grace: self.grace(),
            functions: resolved,
            binders: binders.into_used(),
        })
    }
}

/// What is known while functions are resolved.
struct Resolver<'a> {
    config: &'a Config,
    app: &'a str,
    functions: &'a [FunctionNames<'a>],
    binders: Binders<'a>,
    counts: Counts<'a>,
    problems: Problems,
}

impl Resolver<'_> {
    fn functions(&mut self) -> Vec<ResolvedFunction> {
        let functions = self.functions;
        let mut resolved: Vec<_> = functions
            .iter()
            .map(|function| {
                let inputs = names::valid(function.inputs);
                let inputs = inputs.filter_map(|name| self.input(function, name)).collect();
                ResolvedFunction { name: function.name.to_owned(), inputs, outputs: Vec::new() }
            })
            .collect();
        agreement::groups(self.config, &resolved, &mut self.problems);
        // Whether an output may reach nobody depends on what the application itself reads.
        let read = agreement::destinations(&resolved);
        for (function, resolved) in functions.iter().zip(&mut resolved) {
            let outputs = names::valid(function.outputs);
            resolved.outputs = outputs.filter_map(|name| self.output(name, &read)).collect();
        }
        resolved
    }
}

/// The settings of one side of a binding; empty where nothing is said of it.
fn binding_section<'a>(config: &'a Config, binding: &str, side: &str) -> Section<'a> {
    let entry = config.table("bindings").and_then(|bindings| entry(bindings, binding));
    match entry {
        Some((name, node)) => node.as_table().map_or_else(Section::default, |table| {
            Section::of_binding(&format!("bindings.{name}"), table, side)
        }),
        None => Section::default(),
    }
}

/// The entry of that name; one that only the environment speaks of may write `_` for `-`.
fn entry<'a>(table: &'a Table<Setting>, name: &str) -> Option<(&'a String, &'a Node<Setting>)> {
    table.entries.get_key_value(name).or_else(|| {
        table.entries.iter().find(|(other, node)| {
            matches!(node.origin, Origin::Environment(_)) && **other == written(name)
        })
    })
}

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
