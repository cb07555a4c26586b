//! The steps of `cargo xtask test`, in the order in which they run.

use std::process::Command;

use anyhow::Result;

use crate::{
    brokers::{self, Kind},
    command,
    test::{applications, binders, faults, features, memory, simulation, stranger},
    weblog::log,
};

/// One thing that has to hold.
pub(crate) struct Step {
    pub(crate) name: String,
    /// The kind of binder that it is about, if it is about one.
    pub(crate) binder: Option<&'static str>,
    pub(crate) work: Work,
}

/// How a step is done.
pub(crate) enum Work {
    /// Do this.
    Run(Box<dyn FnOnce() -> Result<()>>),
    /// It cannot be done here, for this reason.
    Ignored(String),
}

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// What needs a broker too; it is ignored otherwise.
    pub(crate) brokers: bool,
    /// What happens by chance often enough to count on it.
    pub(crate) full: bool,
}

/// Every step.
pub(crate) fn all(scope: Scope) -> Result<Vec<Step>> {
    let mut steps = vec![
        cargo("format", &["fmt", "--all", "--check"]),
        cargo("lints: workspace", &clippy(&["--workspace", "--all-targets"])),
    ];
    for set in features::of_members()? {
        steps.push(cargo(format!("lints: {set}"), &clippy(&set.arguments())));
    }
    steps.push(cargo("lints: bench", &bench("clippy", &["--", "-Dwarnings"])));
    let up = step("brokers up", || Kind::ALL.into_iter().try_for_each(brokers::up));
    steps.push(up.needs_brokers(scope));
    steps.push(cargo(
        "tests: unit, property, doc, UI, integration",
        &["test", "--workspace", "--exclude", "models", "--quiet"],
    ));
    steps.push(cargo(
        "models: hand-overs between threads, every interleaving",
        &["test", "--package", "models", "--quiet"],
    ));
    steps.extend(simulation::steps()?);
    steps.push(cargo("tests: bench", &bench("test", &[])));
    steps.push(step("documentation", || {
        let mut doc = program();
        command::run(
            doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-Dwarnings"),
        )
    }));
    steps.extend(memory::steps());
    steps.push(binders::build());
    steps.extend(binders::steps(scope));
    steps.extend(applications::steps(scope));
    steps.extend(faults::steps(scope));
    steps.extend(stranger::steps(scope));
    Ok(steps)
}

/// A step that is any piece of work.
pub(crate) fn step(name: impl Into<String>, work: impl FnOnce() -> Result<()> + 'static) -> Step {
    Step { name: name.into(), binder: None, work: Work::Run(Box::new(work)) }
}

/// A step that is one run of cargo.
pub(crate) fn cargo(name: impl Into<String>, arguments: &[&str]) -> Step {
    let mut cargo = program();
    cargo.args(arguments);
    step(name, move || command::run(&mut cargo))
}

impl Step {
    /// The same, as one that is about a kind of binder.
    pub(crate) fn about(self, binder: &'static str) -> Self {
        Self { binder: Some(binder), ..self }
    }

    /// It needs brokers, which may have been left out.
    pub(crate) fn needs_brokers(mut self, scope: Scope) -> Self {
        if !scope.brokers {
            self.work = Work::Ignored(String::from("--without-brokers"));
        }
        self
    }

    /// It needs the log of 10,000 requests.
    pub(crate) fn needs_the_log(mut self) -> Self {
        if log::named().is_none() {
            self.work = Work::Ignored(format!("{} is not set", log::VARIABLE));
        }
        self
    }
}

fn clippy<'a>(which: &[&'a str]) -> Vec<&'a str> {
    [&["clippy", "--quiet"], which, &["--", "-Dwarnings"]].concat()
}

/// The benchmarks are a workspace of their own, which is built beside this one.
fn bench<'a>(task: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let place = ["--quiet", "--manifest-path", "bench/Cargo.toml", "--target-dir", "target"];
    let which = ["--workspace", "--all-targets"];
    [&[task][..], &place, &which, rest].concat()
}

/// Cargo, with the log under a path that holds wherever tests are run.
pub(crate) fn program() -> Command {
    let mut cargo = command::cargo();
    match log::named() {
        Some(log) => cargo.env(log::VARIABLE, log),
        None => cargo.env_remove(log::VARIABLE),
    };
    cargo
}
