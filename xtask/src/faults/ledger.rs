//! The ledger of the fault application: what was to be done, what was begun, what was done.

use std::{fs, io::ErrorKind, path::Path, time::Duration};

use anyhow::{Context, Result};

/// What stands in the ledger of a run, in the order in which it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) entries: Vec<Entry>,
    /// Each time that a process, by its number, said anew whether it is ready.
    readiness: Vec<(u32, bool)>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) what: What,
    /// Since 1970.
    pub(crate) at: Duration,
    pub(crate) pid: u32,
    pub(crate) job: Job,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It is about to be sent.
    Intent,
    /// The function was entered with it.
    Start(Call),
    /// The function returned and had done it.
    Done(Call),
    /// Its result was read, by a function of the application.
    Result,
    /// It was read among the dead letters, by a function of the application.
    Letter(Failure),
}

impl What {
    fn is_start(&self) -> bool {
        matches!(self, Self::Start(_))
    }
}

/// Which delivery of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) partition: u32,
    pub(crate) position: u64,
    pub(crate) attempt: u32,
}

/// What a dead letter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) attempts: u32,
    pub(crate) class: String,
    /// When it failed for good, since 1970.
    pub(crate) at: Duration,
}

/// What is to be done, written `ID KEY SEQUENCE FATE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) key: u64,
    pub(crate) sequence: u64,
    pub(crate) fate: String,
}

impl Job {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut number = || words.next()?.parse().ok();
        let (id, key, sequence) = (number()?, number()?, number()?);
        let fate = words.next()?.to_owned();
        words.next().is_none().then_some(Self { id, key, sequence, fate })
    }

    /// Whether its fate ends among the dead letters.
    pub(crate) fn is_doomed(&self) -> bool {
        ["fails", "panics", "hangs"].contains(&self.fate.as_str())
    }
}

impl Ledger {
    /// What stands in the file; one that is not there yet is empty.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => Ok(Self::of(&text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Whole lines only: the last may be half written.
    pub(crate) fn of(text: &str) -> Self {
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        Self {
            entries: whole.lines().filter_map(entry).collect(),
            readiness: whole.lines().filter_map(readiness).collect(),
        }
    }

    /// What is wrong where one process works and nothing may have kept it from being ready.
    pub(crate) fn unready(&self) -> Option<String> {
        let works =
            |pid| self.entries.iter().any(|entry| entry.pid == pid && entry.what.is_start());
        let said = self.readiness.iter().filter(|(pid, _)| works(*pid)).map(|(_, ready)| *ready);
        match said.collect::<Vec<_>>()[..] {
            [true] => None,
            [] => Some("the process that works was never ready".to_owned()),
            _ => Some("the process that works was not ready for a while".to_owned()),
        }
    }

    /// Entries of functions that returned and had done their job.
    pub(crate) fn done(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| matches!(entry.what, What::Done(_)))
    }

    pub(crate) fn intents(&self) -> impl Iterator<Item = &Job> {
        let intents = self.entries.iter().filter(|entry| entry.what == What::Intent);
        intents.map(|entry| &entry.job)
    }

    /// The longest time without a job that was done, from a moment or the first one on.
    pub(crate) fn standstill(&self, since: Duration) -> Duration {
        let done: Vec<Duration> = self.done().map(|entry| entry.at).collect();
        let gaps = done.windows(2).map(|pair| pair[1].saturating_sub(pair[0].max(since)));
        gaps.max().unwrap_or_default()
    }

    /// When the first job was done at or after a moment.
    pub(crate) fn first_done_since(&self, moment: Duration) -> Option<Duration> {
        self.done().map(|entry| entry.at).find(|at| *at >= moment)
    }
}

fn entry(line: &str) -> Option<Entry> {
    let mut words = line.splitn(4, ' ');
    let what = words.next()?;
    let at = Duration::from_micros(words.next()?.parse().ok()?);
    let pid = words.next()?.parse().ok()?;
    let rest = words.next()?;
    let (what, job) = match what {
        "intent" => (What::Intent, rest),
        "result" => (What::Result, rest),
        "start" => call(rest).map(|(call, job)| (What::Start(call), job))?,
        "done" => call(rest).map(|(call, job)| (What::Done(call), job))?,
        "letter" => {
            let mut words = rest.splitn(4, ' ');
            let attempts = words.next()?.parse().ok()?;
            let class = words.next()?.to_owned();
            let at = Duration::from_millis(words.next()?.parse().ok()?);
            (What::Letter(Failure { attempts, class, at }), words.next()?)
        }
        _ => return None,
    };
    Some(Entry { what, at, pid, job: Job::parse(job)? })
}

fn readiness(line: &str) -> Option<(u32, bool)> {
    let [what, _at, pid, ready] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
    (what == "ready").then_some((pid.parse().ok()?, ready == "yes"))
}

fn call(text: &str) -> Option<(Call, &str)> {
    let mut words = text.splitn(4, ' ');
    let partition = words.next()?.parse().ok()?;
    let position = words.next()?.parse().ok()?;
    let attempt = words.next()?.parse().ok()?;
    Some((Call { partition, position, attempt }, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standstill_is_measured_from_a_moment_on() {
        let done = |at| format!("done {at}000000 1 0 0 1 0 0 0 good\n");
        let ledger = Ledger::of(&[1, 2, 7, 8, 11].map(done).concat());
        let since = |seconds| ledger.standstill(Duration::from_secs(seconds)).as_secs();
        assert_eq!([since(0), since(3), since(5), since(12)], [5, 4, 3, 0]);
    }

    #[test]
    fn who_works_and_is_not_ready_is_seen() {
        let start = "ready 1 6 yes\nready 2 6 no\nstart 3 7 3 40 1 5 2 0 good\n";
        let of = |lines: &str| Ledger::of(&(start.to_owned() + lines)).unready();
        assert_eq!(of("ready 4 7 yes\n"), None);
        let not = ["", "ready 4 7 no\n", "ready 4 7 yes\nready 5 7 no\n"];
        assert!(not.into_iter().all(|lines| of(lines).is_some()));
        assert!(of("ready 4 7 yes\nready 5 7 no\nready 6 7 yes\n").is_some());
    }

    #[test]
    fn each_kind_of_line_is_read_and_half_a_line_is_not() {
        let text = "intent 10 7 5 2 0 fails\nstart 11 8 3 40 1 5 2 0 fails\n\
                    done 12 8 3 40 1 5 2 0 fails\nresult 13 8 5 2 0 fails\n\
                    letter 14 8 3 error 9 5 2 0 fails\nstart 15 8 3 40";
        let ledger = Ledger::of(text);
        let call = Call { partition: 3, position: 40, attempt: 1 };
        let whats: Vec<What> = ledger.entries.iter().map(|entry| entry.what.clone()).collect();
        let at = Duration::from_millis(9);
        let letter = What::Letter(Failure { attempts: 3, class: "error".into(), at });
        assert_eq!(
            whats,
            [What::Intent, What::Start(call), What::Done(call), What::Result, letter]
        );
        let job = Job { id: 5, key: 2, sequence: 0, fate: "fails".into() };
        assert!(ledger.entries.iter().all(|entry| entry.job == job));
        assert_eq!((ledger.entries[0].pid, ledger.entries[1].pid), (7, 8));
        assert_eq!(ledger.first_done_since(Duration::ZERO), Some(Duration::from_micros(12)));
        assert_eq!(ledger.first_done_since(Duration::from_micros(13)), None);
        assert_eq!(Ledger::read(Path::new("no/such/ledger")).unwrap(), Ledger::default());
    }
}
