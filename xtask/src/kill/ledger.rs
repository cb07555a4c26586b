//! The ledger that a process of the test build keeps: what it started and what it had done.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    io::ErrorKind,
    path::Path,
};

use anyhow::{Context, Result};

/// What one process has written by now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    entries: Vec<(What, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The function is about to be entered with the delivery of that name.
    Start,
    /// Its acknowledgement is about to be handed to the client.
    Done,
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

    /// Lines `start PID NAME` and `done PID NAME`.
    fn of(text: &str) -> Self {
        let entry = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let what = match words.next()? {
                "start" => What::Start,
                "done" => What::Done,
                _ => return None,
            };
            Some((what, words.nth(1)?.to_owned()))
        };
        Self { entries: text.lines().filter_map(entry).collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many deliveries were done.
    pub(crate) fn done(&self) -> usize {
        self.entries.iter().filter(|(what, _)| *what == What::Done).count()
    }

    /// Deliveries that were started and not done since.
    pub(crate) fn open(&self) -> BTreeSet<&str> {
        let mut last = HashMap::new();
        for (what, name) in &self.entries {
            last.insert(name.as_str(), *what);
        }
        last.into_iter().filter(|(_, what)| *what == What::Start).map(|(name, _)| name).collect()
    }

    /// What was started after the first `skip` entries were written.
    pub(crate) fn started_after(&self, skip: usize) -> impl Iterator<Item = &str> {
        let later = self.entries.iter().skip(skip);
        later.filter(|(what, _)| *what == What::Start).map(|(_, name)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_open_from_its_start_until_it_is_done() {
        let ledger = Ledger::of("start 7 lines/0/1\nstart 7 lines/0/2\ndone 7 lines/0/1\n");
        assert_eq!((ledger.len(), ledger.done()), (3, 1));
        assert_eq!(ledger.open(), BTreeSet::from(["lines/0/2"]));
    }

    #[test]
    fn one_that_is_started_once_more_is_open_again() {
        let ledger = Ledger::of("start 7 a\ndone 7 a\nstart 7 a\n");
        assert_eq!(ledger.open(), BTreeSet::from(["a"]));
    }

    #[test]
    fn what_was_started_earlier_does_not_count() {
        let ledger = Ledger::of("start 7 a\ndone 7 a\nstart 7 b\n");
        assert_eq!(ledger.started_after(1).collect::<Vec<_>>(), ["b"]);
        assert_eq!(ledger.started_after(0).count(), 2);
    }

    #[test]
    fn a_line_that_is_cut_off_is_no_entry() {
        assert_eq!(Ledger::of("start 7 a\ndone").len(), 1);
        assert_eq!(Ledger::read(Path::new("no/such/ledger")).unwrap(), Ledger::default());
    }
}
