//! Running one program of a benchmark.

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{
    folder,
    plan::{Kind, OURS, Program},
};
use crate::command;

/// No run of a program takes as long.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(20);

/// The binaries of one kind.
#[derive(Debug)]
pub(crate) struct Programs {
    kind: Kind,
    binaries: BTreeMap<String, PathBuf>,
    set: Vec<String>,
}

impl Programs {
    /// Those that were built; `set` goes to the framework's program.
    pub(crate) fn new(binaries: BTreeMap<String, PathBuf>, kind: Kind, set: &[String]) -> Self {
        Self { kind, binaries, set: set.to_vec() }
    }

    /// Runs a program on that work and takes its figures.
    pub(crate) fn run(&self, program: &Program, work: &[String]) -> Result<Value> {
        let mut command = self.command(program.binary)?;
        command.args(program.arguments).args(work);
        if program.name == OURS {
            command.args(self.set.iter().flat_map(|set| ["--set", set]));
        }
        let figures = answer(&mut command)?;
        if figures["program"] != program.name {
            bail!("`{}` calls itself {}", program.name, figures["program"]);
        }
        Ok(figures)
    }

    /// Runs any binary and takes the line of JSON that it prints.
    pub(crate) fn ask(&self, binary: &str, arguments: &[String]) -> Result<Value> {
        answer(self.command(binary)?.args(arguments))
    }

    fn command(&self, binary: &str) -> Result<Command> {
        let name = format!("{}-{binary}", self.kind.name());
        let path = self.binaries.get(&name).with_context(|| format!("no binary `{name}`"))?;
        let mut command = Command::new(path);
        // An application logs little at its default level; here its warnings are enough.
        command.current_dir(folder()).env("RUST_LOG", "warn").env("RUST_LIB_BACKTRACE", "0");
        // Settings of whoever runs this are not default settings.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("BINDER_") {
                command.env_remove(name);
            }
        }
        Ok(command)
    }
}

fn answer(command: &mut Command) -> Result<Value> {
    let shown = command::shown(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run `{shown}`"))?;
    wait(&mut child, &shown)?;
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("`{shown}` failed: {}\n{}", output.status, text.trim());
    }
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("`{shown}` printed `{last}`"))
}

/// Waits for the end; what hangs is ended. The one line that a program prints fits into the pipe.
fn wait(child: &mut Child, shown: &str) -> Result<()> {
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            bail!("`{shown}` was not done after {PATIENCE:?}");
        }
        command::pause(LOOK);
    }
    Ok(())
}
