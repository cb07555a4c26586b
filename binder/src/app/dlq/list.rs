//! What waits in a store, in short.

use std::collections::BTreeMap;

use binder_core::{Letters, Result};

use super::letter::Letter;
use super::stores::Store;
use super::{BATCH, tally};

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
    /// How many letters there are of each class of failure; foreign letters have none. After a hundred
    /// classes the rest is counted as `others`.
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
        let class = letter.class.map(tally::key);
        tally::count(&mut self.classes, class, || Some(tally::OTHERS.to_owned()));
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

#[cfg(test)]
mod tests {
    use binder_core::logic::dead_letter::CLASS;
    use binder_core::{Delivery, Destination, Message, Tag};

    use super::*;

    #[test]
    fn classes_that_strangers_make_up_do_not_fill_the_memory() {
        let destination = Destination::new("dead").unwrap();
        let store = Store { binder: "b".to_owned(), destination, inputs: Vec::new() };
        let mut summary = StoreSummary::absent(&store);
        for class in 0..500 {
            let message = Message::new("x").with_header(CLASS, format!("{class} {:>9000}", "x"));
            let tag = Tag { epoch: 0, partition: 0, sequence: class };
            summary.add(Letter::of(Delivery { message, tag, earlier_attempts: 0 }));
        }
        assert_eq!(summary.letters, 500);
        assert_eq!(summary.classes.len(), 101);
        assert_eq!(summary.classes[&Some("others".to_owned())], 400);
        assert!(summary.classes.keys().flatten().all(|class| class.len() <= tally::KEY));
    }
}
