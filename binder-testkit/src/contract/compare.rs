//! Comparing what came with what should have, in words that say what is wrong.

use std::collections::BTreeMap;
use std::fmt;

use binder_core::{Delivery, Error, Message};

/// Why a case failed.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure(String);

/// What a case, or a step of one, ends with.
pub(crate) type Verdict<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(format!("{error:?}"))
    }
}

/// A payload as text.
pub(crate) fn text(message: &Message) -> String {
    let payload = message.payload.as_deref();
    payload.map_or_else(|| "(null)".into(), |payload| String::from_utf8_lossy(payload).into())
}

/// The payloads of deliveries as text, in order.
pub(crate) fn texts(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(|delivery| text(&delivery.message)).collect()
}

/// Fails unless `holds`.
pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Failure(otherwise())) }
}

/// Fails unless the two are equal.
pub(crate) fn equal<T: PartialEq + fmt::Debug>(what: &str, expected: &T, found: &T) -> Verdict {
    ensure(expected == found, || {
        format!("{what}: not the same\n  expected: {expected:?}\n  found:    {found:?}")
    })
}

/// Fails unless the same texts came in the same order.
pub(crate) fn same(what: &str, expected: &[String], found: &[String]) -> Verdict {
    same_in_any_order(what, expected, found)?;
    let at = expected.iter().zip(found).position(|(expected, found)| expected != found);
    at.map_or(Ok(()), |at| {
        let (expected, found) = (&expected[at], &found[at]);
        Err(Failure(format!("{what} is out of order: at {at} `{expected}`, found `{found}`")))
    })
}

/// Fails unless the same texts came equally often.
pub(crate) fn same_in_any_order(what: &str, expected: &[String], found: &[String]) -> Verdict {
    let mut balance = BTreeMap::<&str, (i64, i64)>::new();
    expected.iter().for_each(|text| balance.entry(text).or_default().0 += 1);
    found.iter().for_each(|text| balance.entry(text).or_default().1 += 1);
    let those = |wrong: fn(i64, i64) -> bool| -> Vec<&str> {
        balance.iter().filter(|(_, (e, f))| wrong(*e, *f)).map(|(text, _)| *text).collect()
    };
    let missing = those(|expected, found| found < expected);
    let repeated = those(|expected, found| expected > 0 && found > expected);
    let strange = those(|expected, found| expected == 0 && found > 0);
    ensure(missing.is_empty() && repeated.is_empty() && strange.is_empty(), || {
        let (wanted, came) = (expected.len(), found.len());
        let mut report = format!("{what}: {wanted} expected, {came} came");
        for (label, texts) in [("missing", missing), ("repeated", repeated), ("strange", strange)] {
            if !texts.is_empty() {
                report += &format!("\n  {label}: {}", listed(&texts));
            }
        }
        report
    })
}

/// Fails unless every text of `wanted` is in `found`, and nothing but those of `allowed` beside.
pub(crate) fn at_least(
    what: &str,
    wanted: &[String],
    allowed: &[String],
    found: &[String],
) -> Verdict {
    let missing: Vec<_> = wanted.iter().filter(|text| !found.contains(text)).collect();
    let strange: Vec<_> =
        found.iter().filter(|text| !wanted.contains(text) && !allowed.contains(text)).collect();
    ensure(missing.is_empty() && strange.is_empty(), || {
        let mut report = format!("{what}: {} came", found.len());
        for (label, texts) in [("missing", missing), ("not to be repeated", strange)] {
            if !texts.is_empty() {
                report += &format!("\n  {label}: {}", listed(&texts));
            }
        }
        report
    })
}

/// The first ten of a list, and how many more there are.
pub(crate) fn listed<T: fmt::Display>(texts: &[T]) -> String {
    const SHOWN: usize = 10;
    let mut list: Vec<_> = texts.iter().take(SHOWN).map(T::to_string).collect();
    if texts.len() > SHOWN {
        list.push(format!("and {} more", texts.len() - SHOWN));
    }
    list.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_difference_says_what_is_wrong() {
        let wrong = |expected, found| {
            same("x", &words(expected), &words(found)).map_err(|failure| failure.0)
        };
        assert_eq!(wrong("a b", "a b"), Ok(()));
        assert_eq!(
            wrong("a b c", "a b b d").unwrap_err(),
            "x: 3 expected, 4 came\n  missing: c\n  repeated: b\n  strange: d"
        );
        assert_eq!(wrong("a b", "b a").unwrap_err(), "x is out of order: at 0 `a`, found `b`");
    }

    #[test]
    fn repeats_are_allowed_only_where_it_is_said() {
        let check = |found| at_least("x", &words("c d"), &words("b"), &words(found));
        assert_eq!(check("b c d"), Ok(()));
        assert_eq!(check("c c d"), Ok(()));
        assert!(check("a c d").unwrap_err().0.ends_with("not to be repeated: a"));
        assert!(check("b d").unwrap_err().0.ends_with("missing: c"));
    }

    #[test]
    fn a_long_list_is_cut() {
        let list: Vec<_> = (0..12).collect();
        assert_eq!(listed(&list), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 2 more");
    }
}
