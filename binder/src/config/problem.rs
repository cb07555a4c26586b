//! What is wrong with a configuration: collected, then reported together.

use std::fmt;

use binder_core::{Error, ErrorKind, Result};

use crate::config::origin::Origin;

/// One thing that is wrong: where, which key, what.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    /// Line and column in a file, to sort by.
    line: (usize, usize),
    /// Where it was written; empty where it is about something missing.
    place: String,
    key: String,
    text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.text)
    }
}

/// Everything that is wrong, in the order in which it was found, each thing once.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// A problem with a value or key that was written at `origin`.
    pub(crate) fn at(&mut self, origin: &Origin, key: &str, text: impl Into<String>) {
        // `--set KEY` names the key already.
        let shown = if matches!(origin, Origin::Argument(set) if **set == *key) { "" } else { key };
        let line = match origin {
            Origin::Defaults(position) | Origin::File(position) => (position.line, position.column),
            Origin::Environment(_) | Origin::Argument(_) => (0, 0),
        };
        let (place, key, text) = (origin.to_string(), shown.to_owned(), text.into());
        self.add(Problem { line, place, key, text });
    }

    /// A problem with a key that nobody wrote.
    pub(crate) fn missing(&mut self, key: &str, text: impl Into<String>) {
        self.push(String::new(), key, text);
    }

    /// A problem with a whole file, variable or argument.
    pub(crate) fn with(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.push(place.into(), "", text);
    }

    /// Adds the problems of one layer in the order of their places.
    pub(crate) fn append_sorted(&mut self, mut layer: Self) {
        layer.0.sort_by_key(|problem| problem.line);
        for problem in layer.0 {
            self.add(problem);
        }
    }

    fn push(&mut self, place: String, key: &str, text: impl Into<String>) {
        self.add(Problem { line: (0, 0), place, key: key.to_owned(), text: text.into() });
    }

    fn add(&mut self, problem: Problem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// `value` if nothing is wrong, else one error with a line for each problem.
    pub(crate) fn or<T>(self, value: T) -> Result<T> {
        self.error().map_or(Ok(value), Err)
    }

    /// One error with a line for each problem, if there is one.
    pub(crate) fn error(&self) -> Option<Error> {
        let text = match self.0.as_slice() {
            [] => return None,
            [one] => one.to_string(),
            many => many.iter().fold(
                format!("the configuration has {} problems:", many.len()),
                |text, problem| format!("{text}\n  {problem}"),
            ),
        };
        Some(Error::new(ErrorKind::Config, text))
    }
}
