//! The example as one clones and runs it, on the memory binder.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{
    command,
    conformance::{self, Target},
    test::steps::{Step, program, step},
    weblog::{answer, log},
};

/// The example alone, then on the log that `WEBLOG_LOG` names.
pub(crate) fn steps() -> Vec<Step> {
    let steps = [
        step("conformance on memory", || conformance::check(Target::Memory)),
        step("weblog on its bundled log", || compare(None, &answer::of_the_sample())),
        step("weblog: the known answer", || compare(Some(named()?), &answer::known(0)))
            .needs_the_log(),
        step("weblog: the known answer beside three broken lines", || {
            let log = log::with_broken_lines(&named()?)?;
            compare(Some(log.path), &log.answer)
        })
        .needs_the_log(),
    ];
    steps.map(|step| step.about("memory")).into()
}

fn compare(log: Option<PathBuf>, expected: &Value) -> Result<()> {
    let mut weblog = program();
    weblog.args(["run", "--quiet", "--package", "weblog", "--"]).args(log);
    answer::compare(&answer::read(&command::output(&mut weblog)?)?, expected)
}

fn named() -> Result<PathBuf> {
    log::named().with_context(|| format!("{} is not set", log::VARIABLE))
}
