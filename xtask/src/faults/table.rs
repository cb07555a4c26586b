//! Rows as lines of a table.

use std::time::Duration;

use crate::{
    conformance::Binder,
    faults::{
        outcome::{LONG, Outcome, Run},
        row::Row,
    },
};

/// All rows, under a head.
pub(crate) fn of(binder: Binder, outcomes: &[Outcome]) -> String {
    let mut lines = vec![format!(
        "{:6}{:30}  runs  lost  duplicated  reordered  commit ahead  recovery  verdict",
        "",
        binder.name()
    )];
    for outcome in outcomes {
        lines.push(format!(
            "{:6}{:30}  {:4}  {:4}  {:10}  {:9}  {:>12}  {:>8}  {}",
            outcome.row.id(),
            outcome.row.name(),
            outcome.runs.len(),
            outcome.lost(),
            outcome.duplicated(),
            outcome.reordered(),
            count(outcome.ahead()),
            seconds(outcome.recovery()),
            outcome.result(),
        ));
        lines.extend(outcome.too_long().map(|longest| {
            let (longest, most) = (longest.as_secs_f64(), LONG.as_secs());
            format!("      long: its longest run took {longest:.0} s, more than {most} s")
        }));
        lines.extend(outcome.left_out.map(|part| format!("      left out: {part}")));
    }
    lines.push(
        "lost and reordered are sums of all runs, the rest is the most of one; - is what nobody \
         can see, or what nothing interrupts"
            .to_owned(),
    );
    lines.join("\n") + "\n"
}

/// One run; below it, what did not hold.
pub(crate) fn line(row: Row, number: u32, run: &Run) -> String {
    let verdict = if run.faults.is_empty() { "held" } else { "FAILED" };
    let mut line = format!(
        "{} run {number}: lost {}, duplicated {}, reordered {}, commit ahead {}, recovery {}, \
         {:.0} s: {verdict}",
        row.id(),
        run.lost,
        run.duplicated,
        run.reordered,
        count(run.ahead),
        seconds(run.recovery),
        run.took.as_secs_f64(),
    );
    for fault in &run.faults {
        line += &format!("\n         {fault}");
    }
    line
}

/// A figure that may not exist.
pub(crate) fn count(count: Option<u64>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| count.to_string())
}

/// A time that may not exist.
pub(crate) fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{:.1} s", time.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_under_their_heads() {
        let run = Run {
            lost: 4,
            duplicated: 33,
            reordered: 2,
            ahead: Some(7),
            recovery: Some(Duration::from_millis(2_540)),
            took: Duration::from_secs(75),
            faults: vec!["jobs are lost".to_owned()],
        };
        let outcome = Outcome { row: Row::F02, runs: vec![run.clone()], left_out: None };
        let table = of(Binder::Kafka, &[outcome]);
        let [head, row, ..] = table.lines().collect::<Vec<_>>()[..] else { panic!("{table}") };
        for (name, value) in [
            ("lost", " 4"),
            ("duplicated", "33"),
            ("reordered", " 2"),
            ("commit ahead", " 7"),
            ("recovery", "2.5 s"),
        ] {
            let end = head.find(name).unwrap() + name.len();
            assert!(row[..end].ends_with(value), "{head}\n{row}");
        }
        assert!(row.starts_with("F02   broker killed") && row.ends_with("failed"), "{row}");
        assert!(
            table.contains("\n      long: its longest run took 75 s, more than 60 s\n"),
            "{table}"
        );
        let line = line(Row::F02, 1, &run);
        assert!(line.contains(" 75 s: FAILED"), "{line}");
        assert!(line.ends_with("\n         jobs are lost"), "{line}");
    }
}
