//! The application of the fault rows: its build, its destinations, its processes.

use std::{
    env, fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};

use crate::{
    brokers::{
        Kind,
        kafka::Client,
        rabbitmq::{Caller, Life},
    },
    command,
    conformance::Binder,
    faults::{
        check::Arrived,
        ledger::{Ledger, What},
        row::Row,
        view::{Queues, Topics, View},
    },
    weblog::{build, process::Process},
};

/// The group that works on the jobs.
pub(crate) const GROUP: &str = "work";
/// Who reads the results where they must not be lost before they are read.
const READER: &str = "seen";
/// Partitions of each destination, where there are any.
const PARTITIONS: u32 = 4;
/// How many jobs of a process may be unsettled, so how many a fault may repeat.
pub(crate) const IN_FLIGHT: u64 = 256;
/// How long a process that was told to end may take.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// The build of the application for a binder.
pub(crate) struct Stage {
    pub(crate) binder: Binder,
    executable: PathBuf,
}

/// The destinations of one run, which no other run has.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) jobs: String,
    pub(crate) results: String,
    pub(crate) dead: String,
}

/// One run: its folder, its ledger, its destinations and what is seen of them.
pub(crate) struct Play {
    pub(crate) binder: Binder,
    pub(crate) names: Names,
    pub(crate) view: View,
    pub(crate) until: Instant,
    executable: PathBuf,
    folder: PathBuf,
    ledger: PathBuf,
    pub(crate) load: Load,
}

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) jobs: u64,
    /// Jobs a second where they are fed and worked on by one process.
    pub(crate) rate: u32,
    /// Bytes of a job.
    pub(crate) size: u32,
    /// Milliseconds that a job takes.
    pub(crate) takes: u32,
    /// Partitions of the destinations, where there are any.
    pub(crate) partitions: u32,
    /// `FATE@FIRST/EVERY`.
    pub(crate) fates: &'static [&'static str],
}

impl Load {
    /// So many good jobs of two milliseconds each.
    pub(crate) const fn of(jobs: u64) -> Self {
        Self { jobs, rate: 500, size: 64, takes: 2, partitions: PARTITIONS, fates: &[] }
    }
}

impl Stage {
    /// Build the application, with a fault of the framework built in if one is named.
    pub(crate) fn new(binder: Binder, mutant: Option<&str>) -> Result<Self> {
        let name = format!("faults-{}{}", binder.name(), mutant.unwrap_or_default());
        let broker = binder.broker().map(|kind| kind.name().to_owned());
        let mutant = mutant.map(|mutant| format!("stream-binder/mutant-{mutant}"));
        let features = broker.into_iter().chain(mutant).collect::<Vec<_>>().join(",");
        let arguments = ["--package", "faults", "--features", &features];
        Ok(Self { binder, executable: build::program("faults", &name, &arguments)? })
    }

    /// A run with destinations of its own, which may take so long.
    pub(crate) fn play(&self, row: Row, number: u32, load: Load, limit: Duration) -> Result<Play> {
        let folder = command::scratch("faults")?
            .join(self.binder.name())
            .join(format!("{}-{number}", row.id()));
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Play {
            binder: self.binder,
            names: Names::new(),
            view: View::Memory,
            until: Instant::now() + limit,
            executable: self.executable.clone(),
            ledger: folder.join("ledger"),
            folder,
            load,
        })
    }
}

impl Names {
    fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = format!("faults-{:x}", since.as_millis());
        let [jobs, results, dead] = ["jobs", "results", "dead"].map(|name| format!("{run}.{name}"));
        Self { jobs, results, dead }
    }

    /// The queue of the group.
    pub(crate) fn queue(&self) -> String {
        format!("{}.{GROUP}", self.jobs)
    }

    /// The queue that keeps the results until they are read.
    pub(crate) fn seen(&self) -> String {
        format!("{}.{READER}", self.results)
    }

    /// What the application is told.
    fn settings(&self, binder: Binder, partitions: u32) -> Vec<String> {
        let Self { jobs, results, dead } = self;
        let mut settings = vec![
            format!("default_binder={}", binder.name()),
            format!("bindings.jobs.destination={jobs}"),
            format!("bindings.jobs.dead_letter={dead}"),
            format!("bindings.results.destination={results}"),
        ];
        match binder {
            Binder::Memory => settings.extend([
                format!("bindings.letters.destination={dead}"),
                // The group that keeps dead letters, so that reading them makes room.
                String::from("bindings.letters.group=dlq"),
            ]),
            Binder::Kafka => {
                settings.push(String::from(
                    "bindings.jobs.input.native.kafka.session.timeout.ms=10000",
                ));
            }
            Binder::Amqp => {
                settings.push(format!("bindings.results.required_groups=[\"{READER}\"]"));
            }
        }
        if binder != Binder::Amqp {
            settings.push(format!("bindings.jobs.partition_count={partitions}"));
            settings.push(format!("bindings.results.partition_count={partitions}"));
        }
        settings
    }
}

impl Play {
    /// The application with these settings over those of the run.
    pub(crate) fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.executable);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("BINDER_") {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.folder).env("RUST_LOG", "info");
        command.arg("--ledger").arg(&self.ledger);
        let settings = self.names.settings(self.binder, self.load.partitions);
        command.args(settings.iter().map(|setting| format!("--set={setting}")));
        command.args(arguments);
        command
    }

    /// Start the application; its output goes to files of that name.
    pub(crate) fn start(&self, name: &str, arguments: &[String]) -> Result<Process> {
        Process::start(&mut self.command(arguments), name, &self.folder)
    }

    fn feeding(&self) -> Vec<String> {
        let Load { jobs, size, fates, .. } = self.load;
        let mut arguments = vec![format!("--jobs={jobs}"), format!("--size={size}")];
        arguments.extend(fates.iter().map(|fate| format!("--fate={fate}")));
        arguments
    }

    /// Let a process of its own feed all jobs, and look from then on. On memory, where nobody
    /// shares what a process holds, the worker feeds itself.
    pub(crate) fn feed(&mut self) -> Result<()> {
        if self.binder == Binder::Memory {
            return Ok(());
        }
        let mut arguments = self.feeding();
        arguments.push(String::from("--only=feed"));
        let mut feeder = self.start("feed", &arguments)?;
        let status = feeder.wait(self.until)?;
        ensure!(status.success(), "the feed ended with {status}{}", feeder.last_words());
        self.watch()?;
        if let View::Amqp(queues) = &mut self.view {
            queues.count_all(self.load.jobs)?;
        }
        Ok(())
    }

    /// Look at what arrives from now on; the destinations have to be there.
    pub(crate) fn watch(&mut self) -> Result<()> {
        self.view = match self.binder {
            Binder::Memory => View::Memory,
            Binder::Kafka => View::Kafka(Topics::of(self.names.clone())),
            Binder::Amqp => View::Amqp(Queues::of(&self.names, &self.folder)?),
        };
        Ok(())
    }

    /// A process that works on the jobs.
    pub(crate) fn work(&self, name: &str, more: &[&str]) -> Result<Process> {
        if self.binder == Binder::Memory {
            return self.feed_and_work(name, more);
        }
        let only = String::from("--only=work");
        self.start(name, &self.working(only, more))
    }

    /// A process that feeds the jobs and works on them.
    pub(crate) fn feed_and_work(&self, name: &str, more: &[&str]) -> Result<Process> {
        let mut arguments = self.working(format!("--rate={}", self.load.rate), more);
        arguments.extend(self.feeding());
        if self.binder == Binder::Memory {
            arguments.push(String::from("--watch"));
        }
        self.start(name, &arguments)
    }

    fn working(&self, first: String, more: &[&str]) -> Vec<String> {
        let more = more.iter().map(|argument| (*argument).to_owned());
        [first, format!("--takes={}", self.load.takes)].into_iter().chain(more).collect()
    }

    pub(crate) fn ledger(&self) -> Result<Ledger> {
        Ledger::read(&self.ledger)
    }

    /// What has arrived by the last look.
    pub(crate) fn arrived(&self, ledger: &Ledger) -> Arrived {
        self.view.arrived().cloned().unwrap_or_else(|| of_memory(ledger))
    }

    /// Look five times a second until something is true of the ledger.
    pub(crate) fn until(
        &mut self,
        process: &mut Process,
        what_for: &str,
        holds: impl Fn(&Ledger, &Arrived) -> bool,
    ) -> Result<()> {
        loop {
            self.view.look()?;
            let ledger = self.ledger()?;
            if holds(&ledger, &self.arrived(&ledger)) {
                return Ok(());
            }
            process.go_on_waiting(what_for, self.until)?;
            command::pause(BETWEEN_LOOKS);
        }
    }

    /// Look until so many jobs are done.
    pub(crate) fn until_done(&mut self, process: &mut Process, count: usize) -> Result<()> {
        let what_for = format!("to do {count} jobs");
        self.until(process, &what_for, |ledger, _| ledger.done().count() >= count)
    }

    /// Look until each job has arrived somewhere.
    pub(crate) fn until_all_arrived(&mut self, process: &mut Process) -> Result<()> {
        let jobs = self.load.jobs as usize;
        self.until(process, "to do all jobs", |_, arrived| {
            let letters = arrived.letters.iter().map(|(id, _)| id);
            let all: std::collections::HashSet<_> = arrived.results.iter().chain(letters).collect();
            all.len() >= jobs
        })
    }

    /// Wait until the broker has nothing left for the group, or a grace has passed; says what is
    /// wrong then.
    pub(crate) fn until_settled(&mut self) -> Result<Option<String>> {
        let until = Instant::now() + GRACE;
        loop {
            let complaint = self.view.unsettled()?.complaint();
            if complaint.is_none() || Instant::now() >= until {
                return Ok(complaint);
            }
            command::pause(BETWEEN_LOOKS);
        }
    }

    /// Look until something more arrives, and say how long that takes.
    pub(crate) fn until_more_arrive(&mut self, process: &mut Process) -> Result<Duration> {
        let count = |arrived: &Arrived| arrived.results.len() + arrived.letters.len();
        let ledger = self.ledger()?;
        let (before, begun) = (count(&self.arrived(&ledger)), Instant::now());
        self.until(process, "to go on", |_, arrived| count(arrived) > before)?;
        Ok(begun.elapsed())
    }

    /// Look for so long.
    pub(crate) fn look_for(&mut self, process: &mut Process, time: Duration) -> Result<()> {
        let begun = Instant::now();
        self.until(process, "to go on", |_, _| begun.elapsed() >= time)
    }

    /// Make the store of the dead letters again, as the application had made it.
    pub(crate) fn restore_letters(&self) -> Result<()> {
        let dead = &self.names.dead;
        match self.binder.broker() {
            None => fs::write(self.gate(), "").context("cannot open the gate"),
            Some(Kind::Kafka) => {
                Ok(Client::connect(Kind::Kafka.address())?.create(dead, PARTITIONS)?)
            }
            Some(Kind::Amqp) => {
                let mut caller = Caller::connect(Kind::Amqp.address())?;
                caller.exchange(dead)?;
                caller.queue(dead, Life::Durable)?;
                Ok(caller.bind(dead, dead)?)
            }
        }
    }

    /// On memory, dead letters are left alone until this file is there.
    pub(crate) fn gate(&self) -> PathBuf {
        self.folder.join("gate")
    }

    /// Delete what the run has left at the broker.
    pub(crate) fn clean(self) -> Result<()> {
        let Names { jobs, results, dead } = &self.names;
        match self.binder.broker() {
            None => {}
            Some(Kind::Kafka) => {
                let mut client = Client::connect(Kind::Kafka.address())?;
                [jobs, results, dead].into_iter().try_for_each(|topic| client.delete(topic))?;
            }
            Some(Kind::Amqp) => {
                let mut caller = Caller::connect(Kind::Amqp.address())?;
                for queue in [&self.names.queue(), &self.names.seen(), dead] {
                    caller.delete_queue(queue)?;
                }
                [jobs, results, dead].into_iter().try_for_each(|it| caller.delete_exchange(it))?;
            }
        }
        Ok(())
    }
}

/// What functions of the application have read.
fn of_memory(ledger: &Ledger) -> Arrived {
    let mut arrived = Arrived::default();
    for entry in &ledger.entries {
        match &entry.what {
            What::Result => arrived.results.push(entry.job.id),
            What::Letter(failure) => arrived.letters.push((entry.job.id, failure.clone())),
            _ => {}
        }
    }
    arrived
}
