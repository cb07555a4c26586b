//! Who may run now: deliveries that must be handled one after another share a lane.
//!
//! A lane is *ready* (items wait), *busy* (somebody handles items of it) or *held* (a failed item
//! waits for its next attempt). A lane that is none of these is forgotten.
//!
//! # Laws
//!
//! 1. A lane never runs twice at once: between `start` and `finish` or `hold` it does not start.
//! 2. Items of one key start in the order in which they were pushed, also after a `hold`.
//! 3. Everything pushed and not removed starts exactly once, and once more each time it is held or
//!    put back.
//! 4. A held lane never stops another one.
//! 5. A ready lane starts after at most as many starts as lanes were ready before it.

use std::collections::{HashMap, VecDeque};

use super::chains::{Chain, Chains};
use super::hash::WordHash;

/// Items by lane; see the [module](self) for what is promised.
///
/// `push`, `start`, `finish`, `hold`, `put_back` and `resume` cost O(1) per item and allocate only
/// while the greatest number of items or lanes so far is exceeded; that memory is kept for the next
/// ones, so whoever pushes sets the bound.
#[derive(Debug)]
pub struct Lanes<T> {
    lanes: HashMap<u64, Lane, WordHash>,
    items: Chains<T>,
    ready: VecDeque<u64>,
    /// The items of ready lanes.
    startable: usize,
}

#[derive(Debug)]
struct Lane {
    state: State,
    waiting: Chain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Stands in the queue of ready lanes, once, and has items.
    Ready,
    Busy,
    Held,
}

impl<T> Lanes<T> {
    /// No lanes, with a fixed hash.
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// No lanes, with a hash that depends on `seed`.
    ///
    /// Where strangers choose the keys, a seed they do not know keeps them from choosing keys
    /// that all fall on one place of the table. It changes no result.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self {
            lanes: HashMap::with_hasher(WordHash::new(seed)),
            items: Chains::new(),
            ready: VecDeque::new(),
            startable: 0,
        }
    }

    /// Adds an item behind the others of its lane.
    pub fn push(&mut self, key: u64, item: T) {
        let lane = self.lanes.entry(key).or_insert_with(|| {
            self.ready.push_back(key);
            Lane { state: State::Ready, waiting: Chain::EMPTY }
        });
        if cfg!(feature = "mutant-reorder-a-lane") {
            self.items.push_front(&mut lane.waiting, item);
        } else {
            self.items.push_back(&mut lane.waiting, item);
        }
        self.startable += usize::from(lane.state == State::Ready);
    }

    /// Starts the lane that has been ready longest: at most `max` of its items move to `into`, in
    /// order, and the lane is busy until [`finish`](Self::finish) or [`hold`](Self::hold).
    ///
    /// `None` when no lane is ready, or `max` is 0.
    pub fn start(&mut self, max: usize, into: &mut impl Extend<T>) -> Option<u64> {
        if max == 0 {
            return None;
        }
        let key = self.ready.pop_front()?;
        let lane = self.lanes.get_mut(&key)?;
        lane.state = State::Busy;
        self.startable -= lane.waiting.len();
        let items = &mut self.items;
        into.extend(std::iter::from_fn(|| items.pop_front(&mut lane.waiting)).take(max));
        Some(key)
    }

    /// The items that were started are done with: the lane is ready behind the others if more
    /// wait, else forgotten. Without effect on a lane that is not busy.
    pub fn finish(&mut self, key: u64) {
        self.leave(key, State::Busy);
    }

    /// Holds a lane until [`resume`](Self::resume); `back` returns to its front, in order.
    ///
    /// The lane is held afterwards whatever it was before, so that nothing of `back` is lost.
    pub fn hold(&mut self, key: u64, back: impl DoubleEndedIterator<Item = T>) {
        let held = Lane { state: State::Held, waiting: Chain::EMPTY };
        let lane = self.lanes.entry(key).or_insert(held);
        if lane.state == State::Ready {
            self.ready.retain(|other| *other != key);
            self.startable -= lane.waiting.len();
        }
        lane.state = State::Held;
        for item in back.rev() {
            self.items.push_front(&mut lane.waiting, item);
        }
    }

    /// Started items return to the front of their lane, in order, untried; the lane stays what it
    /// is, and a forgotten one is ready.
    pub fn put_back(&mut self, key: u64, back: impl DoubleEndedIterator<Item = T>) {
        for item in back.rev() {
            let lane = self.lanes.entry(key).or_insert_with(|| {
                self.ready.push_back(key);
                Lane { state: State::Ready, waiting: Chain::EMPTY }
            });
            self.items.push_front(&mut lane.waiting, item);
            self.startable += usize::from(lane.state == State::Ready);
        }
    }

    /// A held lane is ready behind the others if items wait, else forgotten. Without effect on a
    /// lane that is not held.
    pub fn resume(&mut self, key: u64) {
        self.leave(key, State::Held);
    }

    fn leave(&mut self, key: u64, state: State) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        if lane.state != state {
            return;
        }
        if lane.waiting.is_empty() {
            self.lanes.remove(&key);
        } else {
            lane.state = State::Ready;
            self.startable += lane.waiting.len();
            self.ready.push_back(key);
        }
    }

    /// Takes away what has not started and satisfies `matching`, also of busy and held lanes.
    ///
    /// The result is sorted by lane and in order within each. Costs O(queued).
    pub fn remove(&mut self, mut matching: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut removed = Vec::new();
        // The table's own order depends on the seed, which must not show.
        let mut keys: Vec<u64> = self.lanes.keys().copied().collect();
        keys.sort_unstable();
        for key in keys {
            let Some(lane) = self.lanes.get_mut(&key) else { continue };
            let before = lane.waiting.len();
            self.items.extract(&mut lane.waiting, &mut matching, &mut removed);
            if lane.state == State::Ready {
                self.startable -= before - lane.waiting.len();
                if lane.waiting.is_empty() {
                    self.lanes.remove(&key);
                }
            }
        }
        let lanes = &self.lanes;
        self.ready.retain(|key| lanes.contains_key(key));
        removed
    }

    /// What has not started of lanes that are not held: lane by lane, in no order of lanes, and in
    /// order within each.
    pub fn waiting(&self) -> impl Iterator<Item = &T> {
        let free = self.lanes.values().filter(|lane| lane.state != State::Held);
        free.flat_map(|lane| self.items.iter(&lane.waiting))
    }

    /// How many lanes may start now.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// How many items wait in lanes that may start now.
    #[must_use]
    pub fn startable(&self) -> usize {
        self.startable
    }

    /// How many items have not started.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing is queued and no lane is busy or held.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.lanes.is_empty()
    }
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(lanes: &mut Lanes<u32>, max: usize) -> (Option<u64>, Vec<u32>) {
        let mut items = Vec::new();
        let key = lanes.start(max, &mut items);
        (key, items)
    }

    #[test]
    fn a_held_lane_waits_and_begins_with_what_came_back() {
        let mut lanes = Lanes::new();
        for item in 0..4 {
            lanes.push(7, item);
        }
        lanes.push(8, 10);
        assert_eq!(start(&mut lanes, 2), (Some(7), vec![0, 1]));
        lanes.hold(7, [0, 1].into_iter());
        assert_eq!(start(&mut lanes, 9), (Some(8), vec![10]));
        assert_eq!(start(&mut lanes, 9), (None, vec![]));
        lanes.finish(8);
        lanes.resume(7);
        assert_eq!(start(&mut lanes, 3), (Some(7), vec![0, 1, 2]));
        lanes.finish(7);
        assert_eq!(start(&mut lanes, 3), (Some(7), vec![3]));
        lanes.finish(7);
        assert!(lanes.is_idle());
    }

    #[test]
    fn items_are_removed_from_ready_busy_and_held_lanes() {
        let mut lanes = Lanes::seeded(42);
        for (key, item) in [(1, 1), (1, 2), (2, 3), (2, 4), (3, 5)] {
            lanes.push(key, item);
        }
        assert_eq!(start(&mut lanes, 1).0, Some(1));
        assert_eq!(start(&mut lanes, 1).0, Some(2));
        lanes.hold(2, [3].into_iter());
        assert_eq!(lanes.remove(|item| *item != 3), [2, 4, 5]);
        assert_eq!((lanes.ready(), lanes.queued()), (0, 1));
        lanes.finish(1);
        lanes.resume(2);
        assert_eq!(start(&mut lanes, 1), (Some(2), vec![3]));
        lanes.finish(2);
        assert!(lanes.is_idle());
    }

    #[test]
    fn a_call_that_does_not_fit_the_state_loses_nothing() {
        let mut lanes = Lanes::new();
        lanes.push(1, 1);
        lanes.finish(1);
        lanes.resume(1);
        assert_eq!(start(&mut lanes, 0), (None, vec![]));
        lanes.hold(1, [0].into_iter());
        lanes.hold(2, [5].into_iter());
        assert_eq!(lanes.ready(), 0);
        lanes.resume(1);
        lanes.resume(2);
        lanes.resume(2);
        assert_eq!(start(&mut lanes, 9), (Some(1), vec![0, 1]));
        assert_eq!(start(&mut lanes, 9), (Some(2), vec![5]));
    }
}
