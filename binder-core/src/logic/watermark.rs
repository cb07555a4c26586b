//! Settlements in any order to a position that may be committed.
//!
//! One [`Watermark`] stands for one partition in one assignment epoch (or one AMQP channel). A
//! late settlement of an older epoch never reaches it: the binder drops the old one with its epoch.
//!
//! # Laws
//!
//! 1. What may be committed is never above a position that was delivered and is not settled.
//! 2. It only rises.
//! 3. It ends at the last position + 1 once everything is settled, whatever the order and however
//!    large the gaps between positions.
//! 4. A released position holds it back for the rest of the epoch.

use std::collections::VecDeque;

/// The deliveries of one partition that are not behind the settled prefix.
///
/// Positions rise strictly and may leave gaps (compaction, transaction markers). Every operation
/// is O(1) amortised; `settle` and `release` search (O(log outstanding)) behind a gap. Memory is
/// allocated only while the greatest number of outstanding deliveries so far is exceeded.
#[derive(Clone, Debug, Default)]
pub struct Watermark {
    /// Everything from the first position that is not settled; positions rise strictly.
    entries: VecDeque<Entry>,
    /// The settled prefix ends here, exclusive.
    prefix: u64,
    /// `prefix` has risen since it was last asked for.
    risen: bool,
    last: Option<u64>,
    in_progress: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    position: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InProgress,
    Settled,
    Released,
}

impl Watermark {
    /// Nothing delivered.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a delivery. False, and nothing is added, if its position is not above the last one.
    pub fn deliver(&mut self, position: u64) -> bool {
        if self.last.is_some_and(|last| position <= last) {
            return false;
        }
        self.last = Some(position);
        self.entries.push_back(Entry { position, state: State::InProgress });
        self.in_progress += 1;
        true
    }

    /// Settles a delivery. False if it is unknown, or was settled or released before.
    pub fn settle(&mut self, position: u64) -> bool {
        if !self.leave(position, State::Settled) {
            return false;
        }
        if cfg!(feature = "mutant-skip-a-gap") {
            self.entries.retain(|entry| entry.position > position);
            (self.prefix, self.risen) = (position.saturating_add(1), true);
        }
        while let Some(Entry { position, state: State::Settled }) = self.entries.front() {
            self.prefix = position.saturating_add(1);
            self.risen = true;
            self.entries.pop_front();
        }
        true
    }

    /// Gives a delivery up for this epoch: it is in progress no longer, and nothing at or above it
    /// may be committed. False if it is unknown, or was settled or released before.
    pub fn release(&mut self, position: u64) -> bool {
        self.leave(position, State::Released)
    }

    fn leave(&mut self, position: u64, state: State) -> bool {
        let Some(entry) = self.find(position) else { return false };
        if entry.state != State::InProgress {
            return false;
        }
        entry.state = state;
        self.in_progress -= 1;
        true
    }

    /// Looks first where the position stands if none is missing.
    fn find(&mut self, position: u64) -> Option<&mut Entry> {
        let distance = position.checked_sub(self.entries.front()?.position)?;
        let dense = usize::try_from(distance).ok().filter(|dense| {
            self.entries.get(*dense).is_some_and(|entry| entry.position == position)
        });
        let search = || self.entries.binary_search_by_key(&position, |entry| entry.position).ok();
        let index = dense.or_else(search)?;
        self.entries.get_mut(index)
    }

    /// The position to commit, which is the last settled one + 1, if it has risen since the last
    /// call.
    pub fn committable(&mut self) -> Option<u64> {
        std::mem::take(&mut self.risen).then_some(self.prefix)
    }

    /// How many deliveries are not behind the settled prefix: what a crash repeats.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.entries.len()
    }

    /// How many deliveries are neither settled nor released.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.in_progress
    }

    /// The lowest position that is not settled, released ones included.
    #[must_use]
    pub fn oldest_unsettled(&self) -> Option<u64> {
        self.entries.front().map(|entry| entry.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settled_out_of_order_over_gaps() {
        let mut watermark = Watermark::new();
        for position in [10, 11, 20, 4000, 4001] {
            assert!(watermark.deliver(position));
        }
        assert!(!watermark.deliver(4001));
        assert!(!watermark.deliver(12));
        assert!(watermark.settle(4000));
        assert!(watermark.settle(11));
        assert_eq!(watermark.committable(), None);
        assert_eq!(watermark.oldest_unsettled(), Some(10));
        assert!(watermark.settle(10));
        assert!(!watermark.settle(10), "behind the prefix");
        assert!(!watermark.settle(4000), "twice");
        assert!(!watermark.settle(21), "never delivered");
        assert_eq!(watermark.committable(), Some(12));
        assert_eq!(watermark.committable(), None);
        assert_eq!((watermark.outstanding(), watermark.in_progress()), (3, 2));
        assert!(watermark.settle(20));
        assert_eq!(watermark.committable(), Some(4001));
        assert!(watermark.settle(4001));
        assert_eq!(watermark.committable(), Some(4002));
        assert_eq!(watermark.oldest_unsettled(), None);
    }

    #[test]
    fn a_released_position_blocks_but_is_not_in_progress() {
        let mut watermark = Watermark::new();
        for position in 0..4 {
            watermark.deliver(position);
        }
        assert!(watermark.release(1));
        assert!(!watermark.settle(1));
        for position in [0, 2, 3] {
            assert!(watermark.settle(position));
        }
        assert_eq!(watermark.committable(), Some(1));
        assert_eq!((watermark.outstanding(), watermark.in_progress()), (3, 0));
        assert_eq!(watermark.oldest_unsettled(), Some(1));
    }
}
