//! What became of each case, for a program to read.

use std::fs::{File, OpenOptions};
use std::io::{Result, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::contract::compare::Failure;

/// Names the file to add to.
const VARIABLE: &str = "BINDER_CONFORMANCE_RECORD";
/// Cases run side by side; a line of one stays whole.
static WRITING: Mutex<()> = Mutex::new(());

/// What became of a case.
#[derive(Debug)]
pub(super) enum Played {
    Passed,
    Failed(Failure),
    Ignored(String),
}

/// Where to write, if anywhere.
pub(super) struct Record(Option<File>);

impl Record {
    /// The file that the environment names.
    pub(super) fn named() -> Result<Self> {
        let path = std::env::var_os(VARIABLE);
        let open = |path| OpenOptions::new().create(true).append(true).open(path);
        path.map(open).transpose().map(Self)
    }

    pub(super) fn add(self, name: &str, played: &Played, time: Duration) -> Result<()> {
        let Some(mut file) = self.0 else { return Ok(()) };
        let _whole = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line(name, played, time).as_bytes())
    }
}

fn line(name: &str, played: &Played, time: Duration) -> String {
    let (result, reason) = match played {
        Played::Passed => ("passed", String::new()),
        Played::Failed(failure) => ("failed", failure.to_string()),
        Played::Ignored(reason) => ("ignored", reason.clone()),
    };
    let (name, reason, seconds) = (quoted(name), quoted(&reason), time.as_secs_f64());
    format!(
        "{{\"name\":{name},\"result\":\"{result}\",\"reason\":{reason},\"seconds\":{seconds:.3}}}\n"
    )
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_json_object() {
        let played = Played::Failed(Failure::new("said \"no\"\n  to \\"));
        assert_eq!(
            line("c01_a", &played, Duration::from_millis(1_250)),
            "{\"name\":\"c01_a\",\"result\":\"failed\",\
             \"reason\":\"said \\\"no\\\"\\u000a  to \\\\\",\"seconds\":1.250}\n"
        );
        let ignored = Played::Ignored("Grüße".into());
        assert!(line("c02_b", &ignored, Duration::ZERO).contains("\"reason\":\"Grüße\""));
    }
}
