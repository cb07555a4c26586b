//! What is still started of a partition that goes away, or of an input that stops.
//!
//! A log commits a position, and everything above the first message that is not handled is handled
//! again elsewhere. Where keys are handled side by side, some are ahead of others: unless the others
//! catch up, what is ahead was handled for nothing.
//!
//! # Laws
//!
//! 1. A message is finished only if one above it, of its partition, has started.
//! 2. Those of a partition are the lowest that wait; so those of a key are its next ones, in order.
//! 3. There are at most as many as the limit.
//! 4. Below the limit nothing is left out: once they are settled too, what has started has no gap
//!    below it.

use crate::binder::Partition;

/// A message that has not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting<T> {
    /// Its partition.
    pub partition: Partition,
    /// Its position there.
    pub sequence: u64,
    /// What it is to the caller.
    pub item: T,
}

/// Which of `waiting` to start all the same, at most `limit`, where `started` is the highest position
/// that has started in a partition.
pub fn finish<T>(
    waiting: impl IntoIterator<Item = Waiting<T>>,
    started: impl Fn(Partition) -> Option<u64>,
    limit: usize,
) -> impl Iterator<Item = T> {
    let below = |waiting: &Waiting<T>| {
        started(waiting.partition).is_some_and(|started| waiting.sequence < started)
    };
    let mut below: Vec<_> = waiting.into_iter().filter(below).collect();
    below.sort_by_key(|waiting| waiting.sequence);
    below.into_iter().take(limit).map(|waiting| waiting.item)
}
