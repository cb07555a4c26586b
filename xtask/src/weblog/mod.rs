//! The example `weblog` as tests use it: its builds, its logs and their figures, its processes.

pub(crate) mod answer;
pub(crate) mod build;
pub(crate) mod log;
pub(crate) mod process;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use serde_json::Value;

use process::Process;

/// A build of the example and the binder it is to use.
#[derive(Clone, Debug)]
pub(crate) struct Weblog {
    pub(crate) executable: PathBuf,
    /// A kind of binder; the default of the build if there is none.
    pub(crate) binder: Option<&'static str>,
}

/// A log whose figures are known.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    /// What a report about it has to say.
    pub(crate) answer: Value,
}

impl Weblog {
    /// A command that runs in `folder`, whatever the settings of who runs the tests are.
    pub(crate) fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("BINDER_") {
                command.env_remove(name);
            }
        }
        command.current_dir(folder).env("RUST_LOG", "info");
        command.args(self.binder.map(|binder| format!("--set=default_binder={binder}")));
        command
    }

    /// Run it to its end, which has to be a good one, and take its report.
    pub(crate) fn report(
        &self,
        arguments: &[&str],
        folder: &Path,
        within: Duration,
    ) -> Result<Value> {
        let mut weblog = Process::start(self.command(folder).args(arguments), "weblog", folder)?;
        let status = weblog.wait(Instant::now() + within)?;
        if !status.success() {
            bail!(
                "weblog ended: {status}, and printed {}{}",
                weblog.output()?,
                weblog.last_words()
            );
        }
        answer::read(&weblog.output()?)
    }
}
