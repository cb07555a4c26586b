//! Watches a slow function: how many calls run at once, and whether those of a key keep their order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// What every process of an application sees together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Floor(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    seen: Mutex<Seen>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Seen {
    running: BTreeMap<usize, usize>,
    highest: BTreeMap<usize, usize>,
    handled: usize,
    repeated: usize,
    wrong: Vec<String>,
    busy: Duration,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Floor {
    /// Handles a number of a key for so long. Numbers of a key rise in the order of sending.
    pub(crate) async fn handle(&self, key: usize, number: usize, pace: Duration) {
        let began = Instant::now();
        let again = self.seen().begin(key, number, began);
        tokio::time::sleep(pace).await; // this is what the function does
        self.seen().end(key, again, began);
        self.0.changed.notify_one();
    }

    /// Waits until so many numbers were handled, repetitions not counted; fifteen minutes at most.
    pub(crate) async fn at_least(&self, numbers: usize) {
        let handled = async {
            while self.handled() < numbers {
                self.0.changed.notified().await;
            }
        };
        let enough = tokio::time::timeout(Duration::from_secs(900), handled).await;
        assert!(enough.is_ok(), "{} of {numbers} were handled", self.handled());
    }

    /// Numbers whose first call has ended.
    pub(crate) fn handled(&self) -> usize {
        self.seen().handled
    }

    /// Calls for a number that had been handled before.
    pub(crate) fn repeated(&self) -> usize {
        self.seen().repeated
    }

    /// What was out of order, or at once with another of its key.
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.seen().wrong.clone()
    }

    /// How many calls ran at once, in the mean from the first to the last.
    pub(crate) fn at_once(&self) -> f64 {
        let seen = self.seen();
        let (Some(first), Some(last)) = (seen.first, seen.last) else { return 0.0 };
        seen.busy.as_secs_f64() / (last - first).as_secs_f64()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Whether the number had begun before.
    fn begin(&mut self, key: usize, number: usize, now: Instant) -> bool {
        self.first.get_or_insert(now);
        if let Some(other) = self.running.insert(key, number) {
            self.wrong.push(format!("{number} of key {key} ran while {other} did"));
        }
        match self.highest.get(&key).copied() {
            Some(highest) if number <= highest => {
                self.repeated += 1;
                true
            }
            before => {
                if let Some(before) = before.filter(|before| number != before + 1) {
                    self.wrong.push(format!("{number} of key {key} came after {before}"));
                }
                self.highest.insert(key, number);
                false
            }
        }
    }

    fn end(&mut self, key: usize, again: bool, began: Instant) {
        let now = Instant::now();
        self.running.remove(&key);
        self.handled += usize::from(!again);
        self.busy += now - began;
        self.last = Some(now);
    }
}
