//! Whether the outputs of a run are right.

use serde_json::{Value, json};

use crate::order::{CUSTOMERS, Order, Priced, customer};

/// Looks at outputs in the order of their partitions or queue.
#[derive(Debug)]
pub struct Tally {
    seen: Vec<bool>,
    /// The newest order of each customer, plus one.
    newest: Vec<u64>,
    verdict: Verdict,
}

/// What is wrong with the outputs; all zero, or the run does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Orders that have no output.
    pub missing: u64,
    /// Orders that have more than one: allowed, and zero in a run that nothing disturbs.
    pub duplicates: u64,
    /// Outputs behind a newer one of the same customer, duplicates left out.
    pub reordered: u64,
    /// Outputs of another key or content than the order asks for.
    pub wrong: u64,
    /// Inputs that are not committed or acknowledged.
    pub uncommitted: u64,
}

impl Verdict {
    /// As one object.
    #[must_use]
    pub fn to_json(self) -> Value {
        json!({
            "missing": self.missing,
            "duplicates": self.duplicates,
            "reordered": self.reordered,
            "wrong": self.wrong,
            "uncommitted": self.uncommitted,
        })
    }
}

impl Tally {
    /// Of a run of so many orders.
    #[must_use]
    pub fn new(messages: u64) -> Self {
        let newest = vec![0; CUSTOMERS as usize];
        let seen = vec![false; usize::try_from(messages).unwrap_or(0)];
        Self { seen, newest, verdict: Verdict::default() }
    }

    /// Adds an output.
    pub fn add(&mut self, key: Option<&[u8]>, payload: &[u8]) {
        let Ok(priced) = serde_json::from_slice::<Priced>(payload) else {
            self.verdict.wrong += 1;
            return;
        };
        let id = priced.order;
        let Some(seen) = usize::try_from(id).ok().and_then(|id| self.seen.get_mut(id)) else {
            self.verdict.wrong += 1;
            return;
        };
        let (name, expected) = Order::numbered(id).price();
        if expected != priced || key.is_some_and(|key| key != name.as_bytes()) {
            self.verdict.wrong += 1;
        }
        if std::mem::replace(seen, true) {
            self.verdict.duplicates += 1;
            return;
        }
        let newest = &mut self.newest[customer(id) as usize];
        if id < *newest {
            self.verdict.reordered += 1;
        }
        *newest = (id + 1).max(*newest);
    }

    /// What is wrong, beside inputs that were not settled.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let missing = self.seen.iter().filter(|seen| !**seen).count() as u64;
        Verdict { missing, ..self.verdict }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(tally: &mut Tally, id: u64) {
        let (name, priced) = Order::numbered(id).price();
        tally.add(Some(name.as_bytes()), &serde_json::to_vec(&priced).unwrap());
    }

    #[test]
    fn what_is_right_has_no_faults() {
        let mut tally = Tally::new(5_000);
        (0..5_000).for_each(|id| add(&mut tally, id));
        assert_eq!(tally.verdict(), Verdict::default());
    }

    #[test]
    fn every_fault_is_counted() {
        let mut tally = Tally::new(5_000);
        let late = (1..5_000).find(|id| customer(*id) == customer(0)).unwrap();
        add(&mut tally, late);
        add(&mut tally, 0);
        add(&mut tally, 0);
        add(&mut tally, 9_999);
        tally.add(None, b"{");
        let mut priced = Order::numbered(1).price().1;
        priced.total_cents += 1;
        tally.add(None, &serde_json::to_vec(&priced).unwrap());
        let verdict = tally.verdict();
        assert_eq!((verdict.duplicates, verdict.reordered, verdict.wrong), (1, 1, 3));
        assert_eq!(verdict.missing, 4_997);
    }
}
