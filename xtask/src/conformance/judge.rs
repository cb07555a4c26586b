//! From what became of cases to what became of numbers.

use serde_json::{Value, json};

use crate::conformance::{
    numbers::Number,
    record::{Outcome, Played},
    rules::Rules,
    target::Target,
};

/// What became of one number.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) number: Number,
    pub(crate) outcome: Outcome,
    pub(crate) reason: String,
    pub(crate) seconds: f64,
}

impl Judged {
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.number.id(),
            "name": self.number.name(),
            "result": self.outcome.word(),
            "reason": self.reason,
            "seconds": (self.seconds * 1_000.0).round() / 1_000.0,
        })
    }
}

/// Judges one number by its cases.
pub(crate) fn judge(number: Number, target: Target, played: &[Played], rules: &Rules) -> Judged {
    let cases: Vec<_> =
        played.iter().filter(|case| Number::of_case(&case.name) == Some(number)).collect();
    let reasons = |outcome| {
        let those = cases.iter().filter(|case| case.outcome == outcome);
        let texts = those.map(|case| format!("{}: {}", case.name, case.reason));
        texts.collect::<Vec<_>>().join("; ")
    };
    let any = |outcome| cases.iter().any(|case| case.outcome == outcome);
    let (outcome, reason) = if any(Outcome::Failed) {
        (Outcome::Failed, reasons(Outcome::Failed))
    } else if any(Outcome::Passed) {
        let ignored = Some(reasons(Outcome::Ignored)).filter(|text| !text.is_empty());
        let part = rules.part_not_built(number).map(|part| format!("not built yet: {part}"));
        let notes = ignored.map(|text| format!("ignored: {text}")).into_iter().chain(part);
        (Outcome::Passed, notes.collect::<Vec<_>>().join("; "))
    } else {
        none_ran(number, target, &reasons(Outcome::Ignored), rules)
    };
    // The sum of nothing would be -0.
    let seconds = cases.iter().fold(0.0, |sum, case| sum + case.seconds);
    Judged { number, outcome, reason, seconds }
}

/// A number of which no case ran may be ignored, or it has failed.
fn none_ran(number: Number, target: Target, why: &str, rules: &Rules) -> (Outcome, String) {
    if let Some(reason) = rules.allows(target, number) {
        return (Outcome::Ignored, reason.to_owned());
    }
    match rules.not_built(number) {
        Some(reason) if why.is_empty() => (Outcome::Ignored, format!("not built yet: {reason}")),
        _ => {
            let why = if why.is_empty() { "there is no case" } else { why };
            (Outcome::Failed, format!("may not be ignored: {why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "[amqp]\nC07 = \"no need\"\n[not-built]\nC08 = \"later\"\n\
                         [not-built-in-part]\nC09 = \"the rest\"";

    fn case(name: &str, outcome: Outcome, reason: &str) -> Played {
        Played { name: name.into(), outcome, reason: reason.into(), seconds: 0.5 }
    }

    fn judged(id: &str, played: &[Played]) -> (Outcome, String) {
        let rules = Rules::parse(RULES).unwrap();
        let judged = judge(Number::parse(id).unwrap(), Target::Amqp, played, &rules);
        (judged.outcome, judged.reason)
    }

    #[test]
    fn one_case_that_fails_fails_its_number() {
        let played = [
            case("c07_a", Outcome::Passed, ""),
            case("c07_b", Outcome::Failed, "lost"),
            case("c08_a", Outcome::Failed, "other"),
        ];
        assert_eq!(judged("C07", &played), (Outcome::Failed, "c07_b: lost".into()));
    }

    #[test]
    fn one_that_ran_passes_it_and_the_others_are_named() {
        let played =
            [case("c09_a", Outcome::Passed, ""), case("c09_b", Outcome::Ignored, "no log")];
        let reason = "ignored: c09_b: no log; not built yet: the rest";
        assert_eq!(judged("C09", &played), (Outcome::Passed, reason.into()));
    }

    #[test]
    fn what_did_not_run_must_be_allowed() {
        let ignored = |name| [case(name, Outcome::Ignored, "cannot")];
        assert_eq!(judged("C07", &ignored("c07_a")), (Outcome::Ignored, "no need".into()));
        assert_eq!(judged("C08", &[]), (Outcome::Ignored, "not built yet: later".into()));
        let failed = |why: &str| (Outcome::Failed, format!("may not be ignored: {why}"));
        assert_eq!(judged("C08", &ignored("c08_a")), failed("c08_a: cannot"));
        assert_eq!(judged("C10", &ignored("c10_a")), failed("c10_a: cannot"));
        assert_eq!(judged("C10", &[]), failed("there is no case"));
    }
}
