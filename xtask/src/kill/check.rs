//! What has to hold after a round; each fault is a sentence.

use std::{collections::BTreeSet, process::ExitStatus};

use serde_json::Value;

use crate::{
    brokers::Seen,
    kill::stage::{Ending, IN_FLIGHT},
    weblog::answer,
};

/// The report is complete, its figures are those of the log, and few lines came twice.
pub(crate) fn report(report: &Value, expected: &Value, ending: Ending) -> Vec<String> {
    let mut faults = answer::differences(report, expected);
    if let Some(missing) = report.get("missing") {
        faults.push(format!("lines are lost: {missing}"));
    }
    let most = match ending {
        Ending::Kill => IN_FLIGHT,
        Ending::Terminate => 0,
    };
    match report["duplicates"].as_u64() {
        Some(duplicates) if duplicates <= most => {}
        _ => faults.push(format!("{} duplicates, at most {most}", report["duplicates"])),
    }
    faults
}

/// Each delivery that was left open was begun again by another process.
pub(crate) fn restarts(open: &BTreeSet<&str>, again: &BTreeSet<String>) -> Option<String> {
    let left: Vec<_> = open.iter().filter(|name| !again.contains(**name)).collect();
    let first = left.first()?;
    Some(format!(
        "{} of {} open deliveries were not begun again, the first is {first}",
        left.len(),
        open.len()
    ))
}

/// The exit code says the same as the report.
pub(crate) fn exit(status: Option<ExitStatus>, report: &Value) -> Option<String> {
    let expected = if report["complete"] == true { 0 } else { 1 };
    let code = status.and_then(|status| status.code());
    (code != Some(expected)).then(|| format!("exit code {code:?} instead of {expected}"))
}

/// The independent client saw each line of the run once and no other.
pub(crate) fn witnessed(seen: &Seen, report: &Value) -> Option<String> {
    let expected = report["requests"].as_u64().unwrap_or(u64::MAX);
    (seen.messages != expected || seen.lines != expected).then(|| {
        format!(
            "an independent client saw {} messages about {} lines instead of {expected}",
            seen.messages, seen.lines
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kill_may_repeat_what_was_in_flight_and_an_end_in_good_order_nothing() {
        let expected = json!({ "complete": true, "requests": 7 });
        let with = |duplicates: u64| {
            json!({
                "complete": true, "requests": 7, "duplicates": duplicates
            })
        };
        assert!(report(&with(256), &expected, Ending::Kill).is_empty());
        assert_eq!(report(&with(257), &expected, Ending::Kill).len(), 1);
        assert!(report(&with(0), &expected, Ending::Terminate).is_empty());
        assert_eq!(report(&with(1), &expected, Ending::Terminate).len(), 1);
    }

    #[test]
    fn what_is_lost_is_named() {
        let expected = json!({ "complete": true });
        let lost = json!({
            "complete": false, "duplicates": 0, "missing": { "count": 2, "first": [4, 9] }
        });
        let faults = report(&lost, &expected, Ending::Kill).join("; ");
        assert!(faults.contains("[4,9]") && faults.contains("complete is false"), "{faults}");
    }

    #[test]
    fn a_delivery_that_nobody_took_over_is_named() {
        let open = BTreeSet::from(["a", "b"]);
        assert_eq!(restarts(&open, &BTreeSet::from(["a".to_owned(), "b".to_owned()])), None);
        let fault = restarts(&open, &BTreeSet::from(["a".to_owned()])).unwrap();
        assert!(fault.contains("1 of 2") && fault.ends_with(" b"), "{fault}");
    }

    #[test]
    fn the_client_counts_messages_and_lines() {
        let report = json!({ "requests": 10 });
        assert_eq!(witnessed(&Seen { messages: 10, lines: 10 }, &report), None);
        for (messages, lines) in [(11, 10), (9, 9), (10, 9)] {
            assert!(witnessed(&Seen { messages, lines }, &report).is_some());
        }
    }
}
