//! The rounds as lines of a table.

use std::time::Duration;

use crate::kill::{round::Outcome, stage::Ending};

const HEAD: &str =
    "round  signal     done   open  again  recovery   lost  duplicates     time  verdict";

/// All rounds, under a head.
pub(crate) fn of(outcomes: &[Outcome]) -> String {
    let rows = (1..).zip(outcomes).map(|(number, outcome)| line(number, outcome));
    let lines: Vec<String> = std::iter::once(HEAD.to_owned()).chain(rows).collect();
    lines.join("\n") + "\n"
}

/// One round; below it, what did not hold.
pub(crate) fn line(number: u32, outcome: &Outcome) -> String {
    let signal = match outcome.ending {
        Ending::Kill => "SIGKILL",
        Ending::Terminate => "SIGTERM",
    };
    let recovery = recovered_in(outcome.recovery);
    let verdict = if outcome.faults.is_empty() { "held" } else { "FAILED" };
    let mut line = format!(
        "{number:5}  {signal}  {:6} {:6} {:6}  {recovery:>8} {:6}  {:10}  {:5.1} s  {verdict}",
        outcome.done,
        outcome.open,
        outcome.restarted,
        outcome.lost,
        outcome.duplicates,
        outcome.time.as_secs_f64(),
    );
    for fault in &outcome.faults {
        line += &format!("\n         {fault}");
    }
    line
}

/// After which time work went on, if it did.
pub(crate) fn recovered_in(time: Option<Duration>) -> String {
    time.map_or_else(|| "never".to_owned(), |time| format!("{:.1} s", time.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_heads() {
        let outcome = Outcome {
            ending: Ending::Kill,
            done: 812,
            open: 256,
            restarted: 256,
            recovery: Some(Duration::from_millis(10_440)),
            lost: 0,
            duplicates: 37,
            time: Duration::from_secs(24),
            faults: vec![String::from("one fault")],
        };
        let row = line(3, &outcome);
        let row = row.lines().next().unwrap();
        for (head, value) in [("done", " 812"), ("open", " 256"), ("duplicates", "37")] {
            let end = HEAD.find(head).unwrap() + head.len();
            assert!(row[..end].ends_with(value), "{HEAD}\n{row}");
        }
        assert!(line(3, &outcome).ends_with("\n         one fault"));
    }
}
