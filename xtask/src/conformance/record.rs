//! What the conformance program has recorded of its cases.

use anyhow::{Context, Result};
use serde_json::Value;

/// What a case or a number ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Ignored,
}

impl Outcome {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Ignored => "ignored",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Passed, Self::Failed, Self::Ignored].into_iter().find(|it| it.word() == word)
    }
}

/// What became of one case.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    pub(crate) reason: String,
    pub(crate) seconds: f64,
}

impl Played {
    /// One line of the record.
    pub(crate) fn read(line: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        Ok(Self {
            name: text(&value, "name")?.to_owned(),
            outcome: Outcome::of(text(&value, "result")?).context("no such result")?,
            reason: text(&value, "reason")?.to_owned(),
            seconds: value["seconds"].as_f64().context("no seconds")?,
        })
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.outcome == Outcome::Failed
    }
}

/// A text of a JSON object.
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> Result<&'a str> {
    object[field].as_str().with_context(|| format!("no `{field}` in {object}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_record_is_read() {
        let line = r#"{"name":"c01_a","result":"failed","reason":"x","seconds":1.25}"#;
        let played = Played::read(line).unwrap();
        assert_eq!((played.outcome, played.seconds), (Outcome::Failed, 1.25));
        assert!(Played::read("{}").is_err());
    }
}
