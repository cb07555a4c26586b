//! What becomes of a job.

use std::fmt;
use std::str::FromStr;

/// What the function does with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It succeeds.
    Good,
    /// It returns an error, each time.
    Fails,
    /// It panics, each time.
    Panics,
    /// It panics the first time, while it holds a lock that all calls share.
    Locks,
    /// It never returns.
    Hangs,
    /// It blocks its thread the first time.
    Blocks,
}

const NAMES: [(Fate, &str); 6] = [
    (Fate::Good, "good"),
    (Fate::Fails, "fails"),
    (Fate::Panics, "panics"),
    (Fate::Locks, "locks"),
    (Fate::Hangs, "hangs"),
    (Fate::Blocks, "blocks"),
];

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(fate, _)| fate == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for Fate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = NAMES.iter().find(|(_, name)| *name == text).map(|(fate, _)| *fate);
        known.ok_or_else(|| format!("`{text}` is no fate"))
    }
}

/// The jobs FIRST, FIRST + EVERY, FIRST + 2 * EVERY and so on share a fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    fate: Fate,
    first: u64,
    every: u64,
}

impl Plan {
    /// The fate of a job: the first plan that it falls under, otherwise it is good.
    pub(crate) fn fate(plans: &[Self], id: u64) -> Fate {
        let mine = plans.iter().find(|plan| {
            id.checked_sub(plan.first).is_some_and(|behind| behind.is_multiple_of(plan.every))
        });
        mine.map_or(Fate::Good, |plan| plan.fate)
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('@').and_then(|(fate, which)| {
            let (first, every) = which.split_once('/')?;
            Some((fate, first.parse().ok()?, every.parse().ok().filter(|every| *every > 0)?))
        });
        let Some((fate, first, every)) = parts else {
            return Err("give FATE@FIRST/EVERY, for example `fails@99/100`".to_owned());
        };
        Ok(Self { fate: fate.parse()?, first, every })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_says_which_jobs_share_a_fate() {
        let plans: Vec<Plan> =
            ["panics@49/100", "fails@9/20"].map(|text| text.parse().unwrap()).into();
        let ids = |fate| (0..120).filter(|id| Plan::fate(&plans, *id) == fate).collect::<Vec<_>>();
        assert_eq!(ids(Fate::Panics), [49]);
        assert_eq!(ids(Fate::Fails), [9, 29, 69, 89, 109]);
        assert_eq!(ids(Fate::Good).len(), 114);
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        for text in ["", "fails", "fails@1", "fails@a/2", "fails@1/0", "sleeps@1/2"] {
            assert!(text.parse::<Plan>().is_err(), "{text}");
        }
        for (fate, name) in NAMES {
            assert_eq!((fate.to_string().as_str(), name.parse()), (name, Ok(fate)));
        }
    }
}
