//! What waits in a store, in short.

use std::collections::BTreeMap;

use binder_core::{Letters, Result};

use super::BATCH;
use super::letter::Letter;
use super::stores::Store;

/// What waits in one dead-letter store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreSummary {
    /// The name of its binder in the configuration.
    pub binder: String,
    /// The destination.
    pub destination: String,
    /// The inputs whose dead letters it keeps: binding and group.
    pub inputs: Vec<(String, Option<String>)>,
    /// Whether the store is there; it comes to be with the first start of the application.
    pub exists: bool,
    /// How many letters wait.
    pub letters: u64,
    /// When the oldest failed, in milliseconds since the Unix epoch.
    pub oldest: Option<i64>,
    /// When the newest did.
    pub newest: Option<i64>,
    /// How many letters there are of each class of failure; foreign letters have none.
    pub classes: BTreeMap<Option<String>, u64>,
}

impl StoreSummary {
    /// Of a store that nothing was ever provisioned for.
    pub(super) fn absent(store: &Store) -> Self {
        Self {
            binder: store.binder.clone(),
            destination: store.destination.to_string(),
            inputs: store.inputs.clone(),
            exists: false,
            letters: 0,
            oldest: None,
            newest: None,
            classes: BTreeMap::new(),
        }
    }

    fn add(&mut self, letter: Letter) {
        self.letters += 1;
        if let Some(at) = letter.at() {
            self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
            self.newest = Some(self.newest.map_or(at, |newest| newest.max(at)));
        }
        *self.classes.entry(letter.class).or_default() += 1;
    }
}

/// Reads the whole store, and holds one batch of it at a time.
pub(super) async fn summary(store: &Store, mut letters: Box<dyn Letters>) -> Result<StoreSummary> {
    let mut summary = StoreSummary { exists: true, ..StoreSummary::absent(store) };
    loop {
        let next = letters.next(BATCH).await?;
        if next.is_empty() {
            break;
        }
        next.into_iter().map(Letter::of).for_each(|letter| summary.add(letter));
    }
    letters.close().await?;
    Ok(summary)
}
