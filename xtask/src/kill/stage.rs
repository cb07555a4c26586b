//! Who takes part in a round, and with which settings.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result};

use crate::{
    brokers::Kind,
    command,
    kill::ledger::Ledger,
    weblog::{Log, Weblog, process::Process},
};

/// How many deliveries of a process may be unsettled, so how many lines a kill may repeat.
pub(crate) const IN_FLIGHT: u64 = 256;
/// Lines a second, so that a log of 10,000 lasts until something has been killed.
const RATE: &str = "2000";
/// Milliseconds that outputs wait in a process that is going to be killed: without it what is
/// acknowledged too early is published a moment later, and nobody sees the difference.
const HOLD: &str = "300";
/// How long a run may bring nothing new; a dead member is noticed after 10 s.
const PATIENCE: &str = "30s";

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// SIGKILL, in the middle of what it does.
    Kill,
    /// SIGTERM: it finishes what it has begun.
    Terminate,
}

/// What all rounds have in common.
pub(crate) struct Stage {
    pub(crate) broker: Kind,
    pub(crate) weblog: Weblog,
    pub(crate) log: Log,
}

/// A process and its ledger.
pub(crate) struct Player {
    pub(crate) process: Process,
    ledger: PathBuf,
}

impl Stage {
    /// An empty folder for what the round leaves behind.
    pub(crate) fn folder(&self, round: u32) -> Result<PathBuf> {
        let folder =
            command::scratch("kill")?.join(self.broker.name()).join(format!("round-{round}"));
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    /// A process that runs `parse` alone and is slow to publish.
    pub(crate) fn extra(&self, number: usize, folder: &Path) -> Result<Player> {
        let name = format!("parse-{number}");
        self.player(&name, folder, &["--only", "parse"], Some(HOLD))
    }

    /// The process that runs every function and reports.
    pub(crate) fn main(&self, folder: &Path) -> Result<Player> {
        let log = self.log.path.to_string_lossy();
        self.player("main", folder, &[&log, "--rate", RATE, "--patience", PATIENCE], None)
    }

    fn player(
        &self,
        name: &str,
        folder: &Path,
        arguments: &[&str],
        hold: Option<&str>,
    ) -> Result<Player> {
        let ledger = folder.join(format!("{name}.ledger"));
        let mut command = self.weblog.command(folder);
        command.env("BINDER_LEDGER", &ledger).args(arguments);
        command.arg(format!("--set=bindings.lines.max_in_flight={IN_FLIGHT}"));
        command.args(settings(self.broker));
        if let Some(hold) = hold {
            command.env("BINDER_HOLD", hold);
        }
        Ok(Player { process: Process::start(&mut command, name, folder)?, ledger })
    }
}

/// A dead member is missed after 10 s, and there is work for three processes.
fn settings(broker: Kind) -> &'static [&'static str] {
    match broker {
        Kind::Kafka => &[
            "--set=bindings.lines.input.native.kafka.session.timeout.ms=10000",
            "--set=bindings.lines.partition_count=8",
        ],
        // A dead connection is missed at once, and one queue serves any number of processes.
        Kind::Amqp => &[],
    }
}

impl Player {
    pub(crate) fn ledger(&self) -> Result<Ledger> {
        Ledger::read(&self.ledger)
    }

    /// Wait until its ledger tells of so many deliveries that are done.
    pub(crate) fn wait_until_done(&mut self, count: usize, until: Instant) -> Result<()> {
        while self.ledger()?.done() < count {
            self.process.go_on_waiting(&format!("to settle {count} deliveries"), until)?;
        }
        Ok(())
    }
}
