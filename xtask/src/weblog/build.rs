//! Builds of the example, each kept where the next one does not overwrite it.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::Message;

use crate::command;

/// Let cargo build what `arguments` choose and keep the example's program under `name`.
pub(crate) fn build(name: &str, arguments: &[&str]) -> Result<PathBuf> {
    program("weblog", name, arguments)
}

/// The same with another program than the example's.
pub(crate) fn program(program: &str, name: &str, arguments: &[&str]) -> Result<PathBuf> {
    let mut cargo = command::cargo();
    cargo.args(["build", "--quiet", "--message-format=json-render-diagnostics"]).args(arguments);
    let printed = command::output(&mut cargo)?;
    let built = executable(&printed, program)
        .with_context(|| format!("cargo built no program `{program}`"))?;
    let kept = kept(name)?;
    // A running program cannot be written over, but it can be replaced.
    fs::remove_file(&kept).ok();
    fs::copy(&built, &kept).with_context(|| format!("cannot copy to {}", kept.display()))?;
    Ok(kept)
}

/// Where the program that was built as `name` stands.
pub(crate) fn kept(name: &str) -> Result<PathBuf> {
    Ok(command::scratch("weblog")?.join(name))
}

fn executable(messages: &str, program: &str) -> Option<PathBuf> {
    let artifacts =
        Message::parse_stream(messages.as_bytes()).filter_map(|message| match message {
            Ok(Message::CompilerArtifact(artifact)) => Some(artifact),
            _ => None,
        });
    let mut programs = artifacts.filter(|artifact| artifact.target.name == program);
    programs.find_map(|artifact| artifact.executable).map(PathBuf::from)
}
