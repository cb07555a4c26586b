//! Counts what arrives.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Counts what arrives, by a name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    counts: Mutex<Counts>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    by_name: BTreeMap<String, usize>,
    all: usize,
}

impl Arrivals {
    pub(crate) fn add(&self, name: impl Into<String>) {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all += 1;
        *counts.by_name.entry(name.into()).or_default() += 1;
        self.0.changed.notify_one();
    }

    /// How many there were.
    pub(crate) fn all(&self) -> usize {
        self.0.counts.lock().unwrap().all
    }

    /// How often each has arrived.
    pub(crate) fn by_name(&self) -> BTreeMap<String, usize> {
        self.0.counts.lock().unwrap().by_name.clone()
    }

    /// Waits until there were so many, fifteen minutes at most. One test waits at a time.
    pub(crate) async fn at_least(&self, count: usize) {
        let arrive = async {
            while self.all() < count {
                self.0.changed.notified().await;
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(900), arrive).await;
        assert!(arrived.is_ok(), "{} of {count} have arrived", self.all());
    }
}
