//! Builds the programs of one kind, in release, with the features that this kind measures alone.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    io::BufReader,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;

use super::{folder, plan::Kind};
use crate::command;

/// The binaries by name.
pub(crate) fn executables(kind: Kind) -> Result<BTreeMap<String, PathBuf>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut build = Command::new(cargo);
    build
        .current_dir(folder())
        .args(["build", "--release", "--bins", "--package", &format!("bench-{}", kind.name())])
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    println!("building bench-{} (link-time optimised: this takes minutes)", kind.name());
    let mut building =
        build.spawn().with_context(|| format!("cannot run `{}`", command::shown(&build)))?;
    let output = building.stdout.take().context("cargo has no output")?;
    let mut binaries = BTreeMap::new();
    for message in Message::parse_stream(BufReader::new(output)) {
        if let Message::CompilerArtifact(artifact) = message?
            && let Some(executable) = artifact.executable
        {
            binaries.insert(artifact.target.name, executable.into());
        }
    }
    let status = building.wait()?;
    if !status.success() {
        bail!("`{}` failed: {status}", command::shown(&build));
    }
    Ok(binaries)
}
