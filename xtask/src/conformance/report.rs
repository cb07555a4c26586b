//! What is printed and kept of a run.

use std::fmt;

use serde_json::{Value, json};

use crate::conformance::{judge::Judged, record::Outcome};

/// A run of the suite on one binder.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) binder: &'static str,
    pub(crate) version: String,
    pub(crate) numbers: Vec<Judged>,
}

impl Report {
    pub(crate) fn has_failed(&self) -> bool {
        self.count(Outcome::Failed) > 0
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.numbers.iter().filter(|judged| judged.outcome == outcome).count()
    }

    /// The one object that `--json` prints.
    pub(crate) fn json(&self) -> Value {
        let cases: Vec<_> = self.numbers.iter().map(Judged::json).collect();
        json!({ "binder": self.binder, "version": self.version, "cases": cases })
    }

    /// The last line of the table.
    pub(crate) fn counts(&self) -> String {
        let [passed, failed, ignored] =
            [Outcome::Passed, Outcome::Failed, Outcome::Ignored].map(|outcome| self.count(outcome));
        let (binder, version) = (self.binder, &self.version);
        format!("{binder} {version}: {passed} passed, {failed} failed, {ignored} ignored")
    }
}

/// The table; a reason of several lines is printed in one.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Judged { number, outcome, reason, seconds } in &self.numbers {
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            let word = match outcome {
                Outcome::Failed => "FAILED",
                other => other.word(),
            };
            let (id, name) = (number.id(), number.name());
            let line = format!("{id}  {name:<48}  {word:<7}  {seconds:6.1} s  {reason}");
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f, "{}", self.counts())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::numbers::Number;

    fn report() -> Report {
        let judged = |id, outcome, reason: &str| Judged {
            number: Number::parse(id).unwrap(),
            outcome,
            reason: reason.into(),
            seconds: 1.25,
        };
        let numbers = vec![
            judged("C01", Outcome::Passed, ""),
            judged("C02", Outcome::Failed, "lost\n  two"),
            judged("C41", Outcome::Ignored, "no"),
        ];
        Report { binder: "memory", version: "0.1.0".into(), numbers }
    }

    #[test]
    fn the_last_line_counts() {
        let text = report().to_string();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].starts_with("C02  send_receive") && lines[1].ends_with("lost two"));
        assert_eq!(lines[3], "memory 0.1.0: 1 passed, 1 failed, 1 ignored");
        assert!(report().has_failed());
    }

    #[test]
    fn the_object_has_every_field() {
        let object = report().json();
        assert_eq!(
            object["cases"][2],
            json!({"id": "C41", "name": "ttl_expiry_message_and_queue", "result": "ignored",
                   "reason": "no", "seconds": 1.25})
        );
    }
}
