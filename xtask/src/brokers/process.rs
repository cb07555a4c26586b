//! A broker as a detached process: its folder, process id, log, and end.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::command;

/// How long a broker may take to end in good order.
const PATIENCE: Duration = Duration::from_secs(40);

/// A process that outlives this one. It works in a folder of its own, which is how it is told
/// apart from a stranger that was given the same process id later.
pub(crate) struct Daemon {
    folder: PathBuf,
}

impl Daemon {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where its files stand.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it writes and what deleting it loses.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Start the command, its output in the log, and leave it running.
    pub(crate) fn start(&self, command: &mut Command) -> Result<()> {
        if !Path::new("/proc/self/cwd").exists() {
            bail!("starting a broker as a process needs /proc; start Docker instead");
        }
        let work = self.work();
        fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
        let log = File::create(self.log())
            .with_context(|| format!("cannot write {}", self.log().display()))?;
        let errors = log.try_clone().context("cannot share the log")?;
        // A process group of its own: Ctrl-C in the terminal ends this program, not the broker.
        let child = command
            .current_dir(work)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{}`", command::shown(command)))?;
        fs::write(self.pid_file(), child.id().to_string())
            .with_context(|| format!("cannot write {}", self.pid_file().display()))
    }

    /// Its process id while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        let pid: u32 = fs::read_to_string(self.pid_file()).ok()?.trim().parse().ok()?;
        let works_in = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        (works_in == fs::canonicalize(self.work()).ok()?).then_some(pid)
    }

    /// Whether it was started and not stopped since; it may have ended by itself.
    pub(crate) fn was_started(&self) -> bool {
        self.pid_file().exists()
    }

    /// Ask it to end, wait, and end it by force when it does not.
    pub(crate) fn stop(&self) -> Result<()> {
        for signal in ["TERM", "KILL"] {
            let Some(pid) = self.pid() else { break };
            // It may have ended by itself since.
            command::signal(pid, signal).ok();
            let begun = Instant::now();
            while self.pid().is_some() && begun.elapsed() < PATIENCE {
                command::pause(Duration::from_millis(100));
            }
        }
        if let Some(pid) = self.pid() {
            bail!("process {pid} does not end");
        }
        fs::remove_file(self.pid_file()).ok();
        Ok(())
    }

    /// End it where it stands; its data stay.
    pub(crate) fn kill(&self) -> Result<()> {
        let Some(pid) = self.pid() else { bail!("it does not run") };
        command::signal(pid, "KILL")?;
        let begun = Instant::now();
        while self.pid().is_some() {
            if begun.elapsed() > PATIENCE {
                bail!("process {pid} does not end");
            }
            command::pause(Duration::from_millis(20));
        }
        fs::remove_file(self.pid_file()).context("its process id cannot be forgotten")
    }

    /// Delete the data of an ended process.
    pub(crate) fn wipe(&self) -> Result<()> {
        if let Some(pid) = self.pid() {
            bail!("process {pid} still runs: its data stays");
        }
        if self.data().exists() {
            fs::remove_dir_all(self.data())
                .with_context(|| format!("cannot delete {}", self.data().display()))?;
        }
        Ok(())
    }

    /// The end of the log, for an error message.
    pub(crate) fn log_tail(&self) -> String {
        let (log, text) = (self.log(), self.log_so_far());
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(15)..];
        format!("the end of {}:\n{}", log.display(), tail.join("\n"))
    }

    /// All that it has logged since it was started.
    pub(crate) fn log_so_far(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log()).unwrap_or_default()).into_owned()
    }

    fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }
}
