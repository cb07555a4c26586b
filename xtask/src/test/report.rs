//! What became of each step, in words.

use std::{fmt, time::Duration};

/// What became of one step.
pub(crate) enum Verdict {
    /// It held, after this time.
    Passed(Duration),
    /// It did not, after this time and for this reason.
    Failed(Duration, String),
    /// An earlier step had failed.
    NotRun,
    /// It cannot run here, for this reason.
    Ignored(String),
}

/// The verdicts of a run, in order.
#[derive(Default)]
pub(crate) struct Report {
    steps: Vec<Judged>,
}

struct Judged {
    step: String,
    /// The kind of binder that the step is about, if it is about one.
    binder: Option<&'static str>,
    verdict: Verdict,
}

impl Report {
    pub(crate) fn add(&mut self, step: String, binder: Option<&'static str>, verdict: Verdict) {
        self.steps.push(Judged { step, binder, verdict });
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.count(|verdict| matches!(verdict, Verdict::Failed(..))) > 0
    }

    fn count(&self, which: impl Fn(&Verdict) -> bool) -> usize {
        self.steps.iter().filter(|judged| which(&judged.verdict)).count()
    }

    /// Every binder that a step is about, in order of appearance.
    fn binders(&self) -> Vec<&'static str> {
        let mut binders = Vec::new();
        for binder in self.steps.iter().filter_map(|judged| judged.binder) {
            if !binders.contains(&binder) {
                binders.push(binder);
            }
        }
        binders
    }

    /// What became of the steps about one binder.
    fn binder(&self, binder: &str) -> String {
        let mut counts = [("passed", 0), ("failed", 0), ("ignored", 0), ("not run", 0)];
        for judged in self.steps.iter().filter(|judged| judged.binder == Some(binder)) {
            let which = match judged.verdict {
                Verdict::Passed(_) => 0,
                Verdict::Failed(..) => 1,
                Verdict::Ignored(_) => 2,
                Verdict::NotRun => 3,
            };
            counts[which].1 += 1;
        }
        // Only a run that was cut short has steps that were not run.
        let shown =
            counts.iter().enumerate().filter(|(which, (_, count))| *which < 3 || *count > 0);
        let shown: Vec<_> = shown.map(|(_, (what, count))| format!("{count} {what}")).collect();
        format!("{binder}: {}", shown.join(", "))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Judged { step, verdict, .. } in &self.steps {
            writeln!(f, "{}", line(step, verdict))?;
        }
        for binder in self.binders() {
            writeln!(f, "{}", self.binder(binder))?;
        }
        let passed = self.count(|verdict| matches!(verdict, Verdict::Passed(_)));
        let failed = self.count(|verdict| matches!(verdict, Verdict::Failed(..)));
        writeln!(f, "{passed} passed, {failed} failed")
    }
}

/// One step and its verdict in one line, but for the text of a failure.
pub(crate) fn line(step: &str, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed(time) => format!("passed  {:7.1} s  {step}", time.as_secs_f64()),
        Verdict::Failed(time, reason) => {
            format!("FAILED  {:7.1} s  {step}: {reason}", time.as_secs_f64())
        }
        Verdict::NotRun => format!("not run            {step}"),
        Verdict::Ignored(reason) => format!("ignored            {step}: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_what_ran_and_those_above_it_count_by_binder() {
        let mut report = Report::default();
        report.add("format".into(), None, Verdict::Passed(Duration::from_millis(600)));
        report.add("answer".into(), Some("memory"), Verdict::Ignored("no log".into()));
        report.add("sample".into(), Some("memory"), Verdict::Passed(Duration::ZERO));
        assert!(!report.has_failed());
        report.add("lints".into(), None, Verdict::Failed(Duration::ZERO, "one".into()));
        report.add("kill".into(), Some("kafka"), Verdict::NotRun);
        assert!(report.has_failed());
        let text = report.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "passed      0.6 s  format",
                "ignored            answer: no log",
                "passed      0.0 s  sample",
                "FAILED      0.0 s  lints: one",
                "not run            kill",
                "memory: 1 passed, 0 failed, 1 ignored",
                "kafka: 0 passed, 0 failed, 0 ignored, 1 not run",
                "2 passed, 1 failed",
            ]
        );
    }
}
