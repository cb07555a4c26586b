//! Which line of which run a message is about.

use std::borrow::Cow;

/// The header that names the run.
pub(crate) const RUN: &str = "run";
/// The header with the number of the line, from 1.
pub(crate) const LINE: &str = "line";

/// The longest name of a run that is taken for one, in bytes.
const LONGEST: usize = 64;

/// What the headers `run` and `line` say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark<'a> {
    /// The run's name.
    pub(crate) run: Cow<'a, str>,
    /// The line's number, from 1.
    pub(crate) line: u64,
}

impl<'a> Mark<'a> {
    /// The mark that both headers make, unless one is missing or not what it should be.
    pub(crate) fn read(run: Option<&'a str>, line: Option<&str>) -> Option<Self> {
        let run = run.filter(|run| !run.is_empty() && run.len() <= LONGEST)?;
        let line = line?.parse().ok().filter(|line| *line > 0)?;
        Some(Self { run: run.into(), line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_headers_are_needed() {
        let mark = Mark::read(Some("a"), Some("7")).unwrap();
        assert_eq!((&mark.run[..], mark.line), ("a", 7));
        for (run, line) in
            [(None, Some("1")), (Some("a"), None), (Some(""), Some("1")), (Some("a"), Some("0"))]
        {
            assert_eq!(Mark::read(run, line), None);
        }
        assert_eq!(Mark::read(Some("a"), Some("-1")), None);
        assert_eq!(Mark::read(Some(&"a".repeat(65)), Some("1")), None);
    }
}
