//! What happened, written so that it outlives the process.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

/// A file that several processes may share: each line `WHAT MICROSECONDS PID …` is one write to a
/// file opened for appending.
#[derive(Debug)]
pub(crate) struct Ledger(File);

impl Ledger {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Self)
    }

    /// # Panics
    ///
    /// When it cannot be written: a run without its ledger proves nothing.
    pub(crate) fn write(&self, what: &str, about: impl Display) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = format!("{what} {} {} {about}\n", since.as_micros(), process::id());
        if let Err(error) = (&self.0).write_all(line.as_bytes()) {
            panic!("the ledger cannot be written: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_line_names_what_when_and_who() {
        let path = std::env::temp_dir().join(format!("faults-ledger-{}", process::id()));
        let ledger = Ledger::open(&path).unwrap();
        ledger.write("intent", "1 2 0 good");
        ledger.write("start", "0 7 1 1 2 0 good");
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(path).unwrap();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0][0], lines[1][0]), ("intent", "start"));
        assert_eq!(lines[0][2], process::id().to_string());
        assert!(lines[0][1].parse::<u64>().unwrap() <= lines[1][1].parse().unwrap());
    }
}
