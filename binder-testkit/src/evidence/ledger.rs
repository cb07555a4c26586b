//! What went in, what came out, and whether the two agree.

use std::collections::BTreeMap;

use binder_core::{Delivery, Message};

use crate::contract::Failure;
use crate::contract::compare::{Verdict, ensure, listed, text};

/// The ids of messages sent to an application, and of those that it made of them.
///
/// An id is the payload as text. Outputs and dead letters repeat the id of the message they are
/// made from.
#[derive(Debug, Default)]
pub struct Ledger {
    sent: Vec<Entry>,
    out: Vec<Entry>,
    dead: Vec<Entry>,
}

/// One message: its key, if it has one, and its id.
type Entry = (Option<String>, String);

/// How often an id is in each column.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    sent: usize,
    out: usize,
    dead: usize,
}

impl Ledger {
    /// Adds a message that is sent.
    pub fn add_sent(&mut self, key: Option<&str>, id: impl Into<String>) {
        self.sent.push((key.map(str::to_owned), id.into()));
    }

    /// Adds an output, or a message that was handled, in the order in which they come.
    pub fn add_out(&mut self, key: Option<&str>, id: impl Into<String>) {
        self.out.push((key.map(str::to_owned), id.into()));
    }

    /// Adds a dead letter.
    pub fn add_dead(&mut self, key: Option<&str>, id: impl Into<String>) {
        self.dead.push((key.map(str::to_owned), id.into()));
    }

    /// Nothing but what was sent.
    #[must_use]
    pub fn of<'a>(sent: impl IntoIterator<Item = &'a Message>) -> Self {
        Self { sent: sent.into_iter().map(entry).collect(), ..Self::default() }
    }

    /// Adds messages that are sent.
    pub fn sent<'a>(&mut self, sent: impl IntoIterator<Item = &'a Message>) {
        self.sent.extend(sent.into_iter().map(entry));
    }

    /// Adds outputs, in the order in which they came.
    pub fn out(&mut self, came: &[Delivery]) {
        self.out.extend(came.iter().map(|delivery| entry(&delivery.message)));
    }

    /// Adds dead letters.
    pub fn dead(&mut self, came: &[Delivery]) {
        self.dead.extend(came.iter().map(|delivery| entry(&delivery.message)));
    }

    /// How many of the messages have come out in one way or the other.
    #[must_use]
    pub fn accounted(&self) -> usize {
        self.counts().values().filter(|c| c.sent > 0 && c.out + c.dead > 0).count()
    }

    /// Fails unless each message has come out, as an output or a dead letter. It may have come
    /// more than once.
    ///
    /// # Errors
    ///
    /// What is wrong, by ids.
    pub fn nothing_is_lost(&self) -> Result<(), Failure> {
        self.check(|_| None)
    }

    /// Fails unless each message has come out exactly once, as an output or a dead letter.
    ///
    /// # Errors
    ///
    /// What is wrong, by ids.
    pub fn is_balanced(&self) -> Result<(), Failure> {
        self.check(|counts| (counts.out + counts.dead > counts.sent).then_some("doubled"))
    }

    /// Fails unless the outputs of each key came in the order in which its messages were sent;
    /// one that is repeated counts where it came first.
    ///
    /// # Errors
    ///
    /// What is wrong, by ids.
    pub fn is_in_order_per_key(&self) -> Result<(), Failure> {
        let places: BTreeMap<&Entry, usize> = self.sent.iter().zip(0..).collect();
        let mut last = BTreeMap::<&Option<String>, usize>::new();
        let mut seen = Vec::new();
        for entry in &self.out {
            let Some(&place) = places.get(entry) else {
                return Err(Failure::new(format!("`{}` came under another key", entry.1)));
            };
            if seen.contains(&place) {
                continue;
            }
            seen.push(place);
            if let Some(before) = last.insert(&entry.0, place).filter(|before| *before > place) {
                let (later, key) = (&self.sent[before].1, entry.0.as_deref().unwrap_or("(none)"));
                let text = format!("out of order: of key `{key}`, `{later}` before `{}`", entry.1);
                return Err(Failure::new(text));
            }
        }
        Ok(())
    }

    fn counts(&self) -> BTreeMap<&str, Counts> {
        let mut counts = BTreeMap::<&str, Counts>::new();
        self.sent.iter().for_each(|(_, id)| counts.entry(id).or_default().sent += 1);
        self.out.iter().for_each(|(_, id)| counts.entry(id).or_default().out += 1);
        self.dead.iter().for_each(|(_, id)| counts.entry(id).or_default().dead += 1);
        counts
    }

    /// Lost and strange ids are always wrong; `more` says what else is.
    fn check(&self, more: fn(&Counts) -> Option<&'static str>) -> Verdict {
        let mut wrong = BTreeMap::<&str, Vec<&str>>::new();
        for (id, counts) in self.counts() {
            let label = match counts {
                Counts { sent: 0, .. } => Some("strange"),
                Counts { out: 0, dead: 0, .. } => Some("lost"),
                counts => more(&counts),
            };
            wrong.entry(label.unwrap_or_default()).or_default().push(id);
        }
        wrong.remove("");
        ensure(wrong.is_empty(), || {
            let (sent, out, dead) = (self.sent.len(), self.out.len(), self.dead.len());
            let mut report = format!("{sent} sent, {out} outputs, {dead} dead letters");
            for (label, ids) in &wrong {
                report += &format!("\n  {label}: {}", listed(ids));
            }
            report
        })
    }
}

fn entry(message: &Message) -> Entry {
    let key = message.key.as_deref().map(|key| String::from_utf8_lossy(key).into_owned());
    (key, text(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a1 b2` are the messages `1` of key `a` and `2` of key `b`.
    fn entries(words: &str) -> Vec<Entry> {
        let entry = |word: &str| (Some(word[..1].to_owned()), word[1..].to_owned());
        words.split_whitespace().map(entry).collect()
    }

    fn ledger(sent: &str, out: &str, dead: &str) -> Ledger {
        Ledger { sent: entries(sent), out: entries(out), dead: entries(dead) }
    }

    fn wrong(verdict: Verdict) -> String {
        verdict.unwrap_err().to_string()
    }

    #[test]
    fn what_came_once_each_is_balanced() {
        let ledger = ledger("a1 b2 a3", "b2 a1", "a3");
        assert_eq!(ledger.is_balanced(), Ok(()));
        assert_eq!(ledger.nothing_is_lost(), Ok(()));
        assert_eq!(ledger.accounted(), 3);
    }

    #[test]
    fn a_lost_message_is_seen() {
        let ledger = ledger("a1 b2 a3", "a1", "a3");
        assert!(wrong(ledger.is_balanced()).ends_with("lost: 2"));
        assert!(wrong(ledger.nothing_is_lost()).ends_with("lost: 2"));
        assert_eq!(ledger.accounted(), 2);
    }

    #[test]
    fn a_doubled_message_is_seen_in_either_column_and_in_both() {
        for (out, dead) in [("a1 b2 a1", ""), ("b2", "a1 a1"), ("a1 b2", "a1")] {
            let ledger = ledger("a1 b2", out, dead);
            assert!(wrong(ledger.is_balanced()).ends_with("doubled: 1"), "{out} / {dead}");
            assert_eq!(ledger.nothing_is_lost(), Ok(()), "once more is not lost");
        }
    }

    #[test]
    fn a_message_from_nowhere_is_seen() {
        let ledger = ledger("a1", "a1 a9", "");
        assert!(wrong(ledger.nothing_is_lost()).ends_with("strange: 9"));
        assert!(wrong(ledger.is_in_order_per_key()).contains("`9` came under another key"));
    }

    #[test]
    fn order_is_that_of_each_key() {
        assert_eq!(ledger("a1 b2 a3 b4", "b2 a1 b4 a3", "").is_in_order_per_key(), Ok(()));
        let swapped = ledger("a1 b2 a3", "a3 a1 b2", "");
        assert_eq!(
            wrong(swapped.is_in_order_per_key()),
            "out of order: of key `a`, `3` before `1`"
        );
        let repeated = ledger("a1 a2 a3", "a1 a2 a1 a2 a3", "");
        assert_eq!(repeated.is_in_order_per_key(), Ok(()), "a repetition is not a disorder");
        let other = ledger("a1", "b1", "");
        assert!(wrong(other.is_in_order_per_key()).contains("another key"));
    }
}
