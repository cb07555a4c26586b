//! Rows as lines of a table.

use crate::{
    brokers::Kind,
    faults::{Outcome, Row, Run},
    kill::table::recovered_in,
};

/// All rows, under a head.
pub(crate) fn of(broker: Kind, outcomes: &[Outcome]) -> String {
    let mut lines =
        vec![format!("{:5}{:30}  runs  lost  duplicates  recovery  verdict", "", broker.name())];
    for outcome in outcomes {
        lines.push(format!(
            "{:5}{:30}  {:4}  {:4}  {:10}  {:>8}  {}",
            outcome.row.id(),
            outcome.row.name(),
            outcome.runs.len(),
            outcome.lost(),
            outcome.duplicates(),
            recovered_in(outcome.recovery()),
            outcome.result(),
        ));
    }
    lines.push(
        "lost is the sum of all runs, duplicates and recovery are the most of one".to_owned(),
    );
    lines.join("\n") + "\n"
}

/// One run; below it, what did not hold.
pub(crate) fn line(row: Row, number: u32, run: &Run) -> String {
    let verdict = if run.faults.is_empty() { "held" } else { "FAILED" };
    let mut line = format!(
        "{} run {number}: lost {}, duplicates {}, recovery {}: {verdict}",
        row.id(),
        run.lost,
        run.duplicates,
        recovered_in(run.recovery),
    );
    for fault in &run.faults {
        line += &format!("\n         {fault}");
    }
    line
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn run(lost: u64, seconds: Option<u64>) -> Run {
        let faults = if lost > 0 { vec!["lines are lost".to_owned()] } else { Vec::new() };
        Run { lost, duplicates: lost + 3, recovery: seconds.map(Duration::from_secs), faults }
    }

    #[test]
    fn a_row_is_the_sum_of_its_losses_and_the_worst_of_the_rest() {
        let of = |runs| Outcome { row: Row::F02, runs };
        let sound = of(vec![run(0, Some(2)); 5]);
        assert_eq!((sound.result(), sound.lost(), sound.duplicates()), ("held", 0, 3));
        assert_eq!(of(vec![run(0, Some(2)); 4]).result(), "unproved");
        let broken = of(vec![run(0, Some(2)), run(2, None), run(1, Some(9))]);
        assert_eq!((broken.result(), broken.lost(), broken.duplicates()), ("failed", 3, 5));
        assert_eq!(broken.recovery(), None);
        let table = super::of(Kind::Kafka, &[broken]);
        let row = table.lines().nth(1).unwrap();
        assert!(row.starts_with("F02  broker killed") && row.ends_with("never  failed"), "{row}");
    }
}
