//! The state of the tally: what has arrived, who waits for it, and where reports go.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{self, Instant};

use crate::figures::{End, Mark, Report, Runs};
use crate::log::Hit;
use crate::progress::{self, Progress};

/// Why the process ends before it is told to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// Its own run lost patience.
    #[error(
        "the run {run} is incomplete: {missing} of {lines} lines, or their alerts, are missing"
    )]
    Incomplete { run: String, missing: u64, lines: u64 },
    /// The log cannot be read any more.
    #[error("the log cannot be read any more: {0}")]
    Unreadable(String),
    /// Standard output is gone.
    #[error("the report cannot be written: {0}")]
    Unwritable(String),
}

/// Collects what the listeners hear and prints each run's report as one line of JSON.
///
/// The board need not be told which functions run in this process. Where `lines` runs there is a
/// run of its own, and no other is reported; where `tally` runs there are reports.
/// [`watch`](Self::watch) is ready with the report of the own run, so only where both run.
#[derive(Clone)]
pub(crate) struct Board(Arc<Inner>);

struct Inner {
    tallied: Mutex<Tallied>,
    changed: Notify,
    read: AtomicU64,
    counted: AtomicU64,
}

struct Tallied {
    runs: Runs,
    own: Option<String>,
    verdict: Option<Result<(), Failure>>,
    output: Box<dyn Write + Send>,
}

impl Board {
    /// A board with nothing on it. `patience`: see [`Runs::new`].
    pub(crate) fn new(patience: Duration, output: impl Write + Send + 'static) -> Self {
        let (own, verdict, output) = (None, None, Box::new(output));
        let tallied = Tallied { runs: Runs::new(patience), own, verdict, output };
        Self(Arc::new(Inner {
            tallied: Mutex::new(tallied),
            changed: Notify::new(),
            read: AtomicU64::new(0),
            counted: AtomicU64::new(0),
        }))
    }

    /// This process has begun to read a log under that name.
    pub(crate) fn begins(&self, run: &str) {
        self.tallied().own = Some(run.to_owned());
    }

    /// So many lines were read by now.
    pub(crate) fn has_read(&self, lines: u64) {
        self.0.read.store(lines, Ordering::Relaxed);
    }

    /// The log cannot be read any more.
    pub(crate) fn cannot_read(&self, error: &io::Error) {
        self.tallied().verdict.get_or_insert_with(|| Err(Failure::Unreadable(error.to_string())));
        self.0.changed.notify_one();
    }

    /// A request has arrived.
    pub(crate) fn hit(&self, mark: &Mark<'_>, hit: &Hit) {
        self.0.counted.fetch_add(1, Ordering::Relaxed);
        self.update(|runs, now| runs.hit(mark, hit, now));
    }

    /// A dead letter has arrived.
    pub(crate) fn dead(&self, mark: &Mark<'_>) {
        self.0.counted.fetch_add(1, Ordering::Relaxed);
        self.update(|runs, now| runs.dead(mark, now));
    }

    /// An alert has arrived.
    pub(crate) fn alert(&self, mark: &Mark<'_>) {
        self.update(|runs, now| runs.alert(mark, now));
    }

    /// The log of a run has ended.
    pub(crate) fn ended(&self, end: &End) {
        self.update(|runs, now| runs.ended(end, now));
        self.0.changed.notify_one();
    }

    /// Prints the report of each run that loses patience, and shows progress on a terminal.
    ///
    /// Ready with the report of this process's own run.
    ///
    /// # Errors
    ///
    /// When that run is incomplete, or reading or reporting has failed.
    pub(crate) async fn watch(self) -> Result<(), Failure> {
        let mut progress = progress::is_watched().then(|| Progress::new(Instant::now().into_std()));
        loop {
            let (verdict, deadline) = {
                let tallied = self.tallied();
                (tallied.verdict.clone(), tallied.runs.deadline())
            };
            if let Some(verdict) = verdict {
                return verdict;
            }
            tokio::select! {
                () = self.0.changed.notified() => {}
                () = until(deadline) => self.expire(),
                () = time::sleep(progress::EVERY), if progress.is_some() => {
                    self.show(&mut progress);
                }
            }
        }
    }

    fn update(&self, change: impl FnOnce(&mut Runs, std::time::Instant) -> Option<Report>) {
        let now = Instant::now().into_std();
        let mut tallied = self.tallied();
        if let Some(report) = change(&mut tallied.runs, now) {
            tallied.print(&report);
            self.0.changed.notify_one();
        }
    }

    fn expire(&self) {
        let mut tallied = self.tallied();
        for report in tallied.runs.expired(Instant::now().into_std()) {
            tallied.print(&report);
        }
    }

    fn show(&self, progress: &mut Option<Progress>) {
        if let Some(progress) = progress {
            let read = self.0.read.load(Ordering::Relaxed);
            let counted = self.0.counted.load(Ordering::Relaxed);
            progress::show(&progress.text(read, counted, Instant::now().into_std()));
        }
    }

    fn tallied(&self) -> MutexGuard<'_, Tallied> {
        self.0.tallied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tallied {
    /// Prints a report, unless a process with a run of its own has one of another, such as what a
    /// killed process has left behind.
    fn print(&mut self, report: &Report) {
        let is_own = self.own.as_ref() == Some(&report.run);
        if self.own.is_some() && !is_own {
            tracing::info!(
                run = report.run,
                "the run of another process is over, not reported here"
            );
            return;
        }
        if let Err(error) = self.write(report) {
            self.verdict.get_or_insert_with(|| Err(Failure::Unwritable(error.to_string())));
        } else if is_own {
            let verdict = report.missing.as_ref().map_or(Ok(()), |missing| {
                let (run, lines) = (report.run.clone(), report.lines);
                Err(Failure::Incomplete { run, missing: missing.count, lines })
            });
            self.verdict.get_or_insert(verdict);
        }
    }

    fn write(&mut self, report: &Report) -> io::Result<()> {
        progress::clear();
        serde_json::to_writer(&mut self.output, report)?;
        self.output.write_all(b"\n")?;
        self.output.flush()
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

async fn until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
