//! What all brokers have in common: look first, start once, wait until it answers, stop only ours.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    brokers::{claim::Claim, docker::Container, probe::Version, process::Daemon},
    command,
};

/// How long a started broker may take until it answers.
const PATIENCE: Duration = Duration::from_secs(90);
const BETWEEN_PROBES: Duration = Duration::from_millis(200);

/// One broker: where it answers, how one asks it, and the two ways to start it.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// Asks the broker in its own protocol; an answer says which version, if it tells.
    pub(crate) probe: fn(SocketAddr) -> std::io::Result<Version>,
    pub(crate) container: Container,
    /// Starts it as a process of this machine, data and settings under the given folder.
    pub(crate) native: fn(&Daemon) -> Result<()>,
    /// Runs after the process has ended, for what it leaves running.
    pub(crate) afterwards: fn(&Daemon) -> Result<()>,
    /// The version that `native` starts, where the broker does not tell.
    pub(crate) native_version: Option<&'static str>,
}

/// Who started a broker.
enum Origin {
    Container,
    Process(u32),
    Unknown,
}

impl Service {
    /// Bring it up unless it answers already; returns when it answers.
    pub(crate) fn up(&self) -> Result<()> {
        let folder = self.folder();
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let _claim = Claim::take(folder.join("starting"))?;
        if (self.probe)(self.address).is_err() {
            self.start()?;
        }
        eprintln!("{}", self.status());
        Ok(())
    }

    fn start(&self) -> Result<()> {
        let daemon = self.daemon();
        if daemon.pid().is_none() && !self.container.is_running() {
            if TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok() {
                bail!(
                    "{} is taken by something that does not answer as {}; \
                     `ss -ltnp` names it, stop it first",
                    self.address,
                    self.name
                );
            }
            if Container::engine_runs() {
                self.container.up()?;
            } else {
                (self.native)(&daemon)?;
            }
        }
        self.wait_until_it_answers(&daemon)
    }

    fn wait_until_it_answers(&self, daemon: &Daemon) -> Result<()> {
        eprintln!("{}: waiting until it answers on {}", self.name, self.address);
        let begun = Instant::now();
        loop {
            let Err(refusal) = (self.probe)(self.address) else { return Ok(()) };
            let running = daemon.pid().is_some() || self.container.is_running();
            if !running || begun.elapsed() > PATIENCE {
                let what = if running { "does not answer" } else { "has ended" };
                let log = if daemon.was_started() {
                    daemon.log_tail()
                } else {
                    format!("`docker logs {}` says more", self.container.name)
                };
                let time = begun.elapsed().as_secs_f64();
                bail!("{} {what} after {time:.0} s: {refusal}\n{log}", self.name);
            }
            command::pause(BETWEEN_PROBES);
        }
    }

    /// Stop it if it was started here.
    pub(crate) fn down(&self, wipe: bool) -> Result<()> {
        match self.origin() {
            Origin::Container => self.container.stop()?,
            Origin::Process(_) => {
                eprintln!("{}: stopping", self.name);
                self.daemon().stop()?;
                (self.afterwards)(&self.daemon())?;
            }
            Origin::Unknown if (self.probe)(self.address).is_ok() => {
                eprintln!("{}: answers, but was not started here: left alone", self.name);
            }
            Origin::Unknown => eprintln!("{}: not running", self.name),
        }
        if wipe {
            self.container.remove()?;
            self.daemon().wipe()?;
            eprintln!("{}: data deleted", self.name);
        }
        Ok(())
    }

    /// End it where it stands; its data stay for the next start.
    ///
    /// # Errors
    ///
    /// It was not started here, or does not run.
    pub(crate) fn kill(&self) -> Result<()> {
        match self.origin() {
            Origin::Container => self.container.kill(),
            Origin::Process(_) => self.daemon().kill(),
            Origin::Unknown => bail!("{} was not started here, so it is not killed", self.name),
        }
    }

    /// One line: answering or not, how started, process, version.
    pub(crate) fn status(&self) -> String {
        let origin = self.origin();
        let (how, version) = match origin {
            Origin::Container => {
                (format!("in Docker container {}", self.container.name), Some(self.container.tag()))
            }
            Origin::Process(pid) => (format!("started here, process {pid}"), self.native_version),
            Origin::Unknown => (String::from("not started here, used as it is"), None),
        };
        match (self.probe)(self.address) {
            Ok(told) => {
                let version = told.0.or_else(|| version.map(String::from));
                let version = version.map_or_else(String::new, |version| format!(" {version}"));
                format!("{}{version}: answers on {}, {how}", self.name, self.address)
            }
            Err(_) if matches!(origin, Origin::Unknown) => format!("{}: not running", self.name),
            Err(refusal) => format!("{}: does not answer ({refusal}), {how}", self.name),
        }
    }

    /// What it has logged, where it was started here as a process.
    pub(crate) fn log(&self) -> Option<String> {
        self.daemon().pid().is_some().then(|| self.daemon().log_so_far())
    }

    fn origin(&self) -> Origin {
        match self.daemon().pid() {
            Some(pid) => Origin::Process(pid),
            None if self.container.is_running() => Origin::Container,
            None => Origin::Unknown,
        }
    }

    pub(crate) fn daemon(&self) -> Daemon {
        Daemon::new(self.folder())
    }

    fn folder(&self) -> PathBuf {
        command::repository().join("target").join("brokers").join(self.name)
    }
}
