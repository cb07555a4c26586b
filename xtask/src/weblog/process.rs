//! A process of the example: what it says, its signals, and its end on every path.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::command;

const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// How long a process that is no longer needed may take to end in good order.
const FAREWELL: Duration = Duration::from_secs(5);

/// A running process. Dropping it ends it: its id is not given to another before that.
pub(crate) struct Process {
    name: String,
    child: Child,
    ended: Option<ExitStatus>,
    output: PathBuf,
    log: PathBuf,
}

impl Process {
    /// Start the command; what it prints goes to files in `folder` that bear its name.
    pub(crate) fn start(command: &mut Command, name: &str, folder: &Path) -> Result<Self> {
        let output = folder.join(format!("{name}.out"));
        let log = folder.join(format!("{name}.log"));
        let file = |path: &Path| {
            File::create(path).with_context(|| format!("cannot write {}", path.display()))
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(file(&output)?)
            .stderr(file(&log)?)
            .spawn()
            .with_context(|| format!("cannot start `{}`", command::shown(command)))?;
        Ok(Self { name: name.to_owned(), child, ended: None, output, log })
    }

    /// Wait until it logs `text`.
    pub(crate) fn wait_until_it_logs(&mut self, text: &str, until: Instant) -> Result<()> {
        loop {
            if self.log_so_far().contains(text) {
                return Ok(());
            }
            self.go_on_waiting(&format!("to log `{text}`"), until)?;
        }
    }

    /// One look later, an error if it has ended or the time is over.
    pub(crate) fn go_on_waiting(&mut self, what_for: &str, until: Instant) -> Result<()> {
        if let Some(status) = self.status()? {
            bail!("{} ended ({status}) and had {what_for}{}", self.name, self.last_words());
        }
        self.look_later(what_for, until)
    }

    /// One look later, an error if the time is over.
    pub(crate) fn look_later(&self, what_for: &str, until: Instant) -> Result<()> {
        if Instant::now() > until {
            bail!("{} had {what_for} and takes too long{}", self.name, self.last_words());
        }
        command::pause(BETWEEN_LOOKS);
        Ok(())
    }

    /// How it ended, if it has.
    pub(crate) fn status(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().context("cannot wait for a process")?;
        }
        Ok(self.ended)
    }

    /// Wait until it ends.
    pub(crate) fn wait(&mut self, until: Instant) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.status()? {
                return Ok(status);
            }
            self.look_later("to end", until)?;
        }
    }

    /// Ask it to end, which it has to do in good order.
    pub(crate) fn terminate(&mut self, within: Duration) -> Result<()> {
        self.signal("TERM")?;
        let status = self.wait(Instant::now() + within)?;
        if !status.success() {
            bail!("{} ended at SIGTERM: {status}{}", self.name, self.last_words());
        }
        Ok(())
    }

    /// Send it a signal, unless it has ended.
    pub(crate) fn signal(&mut self, name: &str) -> Result<()> {
        match self.status()? {
            Some(_) => Ok(()),
            None => command::signal(self.child.id(), name),
        }
    }

    /// Stop it where it is, so that it does nothing more until it is continued or killed.
    pub(crate) fn freeze(&mut self, until: Instant) -> Result<()> {
        self.signal("STOP")?;
        while !self.is_frozen() {
            self.go_on_waiting("to stop", until)?;
        }
        Ok(())
    }

    /// Whether each of its threads has stopped; where that cannot be seen, it is believed.
    fn is_frozen(&self) -> bool {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.child.id())) else {
            return true;
        };
        let stat = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("stat")).ok();
        let stats: Vec<String> = threads.filter_map(|thread| stat(thread.ok()?)).collect();
        // `PID (NAME) STATE …`, where the name may hold anything.
        stats
            .iter()
            .all(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
    }

    /// What it printed on standard output.
    pub(crate) fn output(&self) -> Result<String> {
        fs::read_to_string(&self.output)
            .with_context(|| format!("cannot read {}", self.output.display()))
    }

    /// What it logged until now.
    pub(crate) fn log_so_far(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The end of its log, as an addition to an error.
    pub(crate) fn last_words(&self) -> String {
        let log = self.log_so_far();
        let lines: Vec<&str> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(8)..];
        format!("; the end of {}:\n{}", self.log.display(), tail.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that is stopped takes the signal when it is continued. Nothing can be done about
        // an error here, and the process is killed all the same.
        self.signal("TERM").and_then(|()| self.signal("CONT")).ok();
        if self.wait(Instant::now() + FAREWELL).is_err() {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
