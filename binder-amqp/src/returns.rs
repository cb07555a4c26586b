//! Which messages the broker has returned, although the client may name the wrong one.
//!
//! The broker sends a message back before it confirms it. The client keeps what came back in a
//! queue, and attaches the first of the queue to whichever confirmation it completes next; where
//! the broker confirms many at once, it completes them in any order. So what is attached to a
//! confirmation is some returned message, named by its id.
//!
//! # Laws
//!
//! 1. Each message is judged once: returned if and only if the broker returned it.
//! 2. A message that has nothing attached had everything that was returned before it attached to
//!    earlier ones.
//! 3. A message that has another's attached waits until its own is seen, a later confirmation has
//!    nothing attached, or no confirmation is outstanding: then the queue was empty.

use std::collections::HashMap;

/// A confirmation.
pub(crate) struct Confirmed<T> {
    pub(crate) id: String,
    pub(crate) item: T,
    /// The id of the message that is attached.
    pub(crate) attached: Option<String>,
}

/// The returned messages of one channel.
pub(crate) struct Returns<T> {
    /// Seen and not matched yet, with how often.
    seen: HashMap<String, usize>,
    /// Confirmed with another's message attached.
    waiting: Vec<(String, T)>,
}

impl<T> Returns<T> {
    pub(crate) fn new() -> Self {
        Self { seen: HashMap::new(), waiting: Vec::new() }
    }

    /// Takes confirmations in; `judge` is told of each message whether it was returned.
    ///
    /// Every message that was confirmed before any of `batch` is in it or was in an earlier one;
    /// `outstanding` are not confirmed yet.
    pub(crate) fn take(
        &mut self,
        batch: impl IntoIterator<Item = Confirmed<T>>,
        outstanding: usize,
        mut judge: impl FnMut(T, bool),
    ) {
        let mut batch: Vec<_> = batch.into_iter().collect();
        for attached in batch.iter_mut().filter_map(|confirmed| confirmed.attached.clone()) {
            *self.seen.entry(attached).or_default() += 1;
        }
        let earlier = std::mem::take(&mut self.waiting);
        let emptied = outstanding == 0 || batch.iter().any(|one| one.attached.is_none());
        for (id, item) in earlier {
            match (self.matches(&id), emptied) {
                (true, _) => judge(item, true),
                (false, true) => judge(item, false),
                (false, false) => self.waiting.push((id, item)),
            }
        }
        for Confirmed { id, item, attached } in batch {
            if self.matches(&id) {
                judge(item, true);
            } else if attached.is_none() || outstanding == 0 {
                judge(item, false);
            } else {
                self.waiting.push((id, item));
            }
        }
    }

    /// What was confirmed and cannot be judged any more, because the channel is gone.
    pub(crate) fn abandon(self) -> impl Iterator<Item = T> {
        self.waiting.into_iter().map(|(_, item)| item)
    }

    fn matches(&mut self, id: &str) -> bool {
        let Some(count) = self.seen.get_mut(id) else { return false };
        *count -= 1;
        if *count == 0 {
            self.seen.remove(id);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, VecDeque};

    use super::*;

    fn confirmed(id: u32, attached: Option<u32>) -> Confirmed<u32> {
        Confirmed { id: id.to_string(), item: id, attached: attached.map(|id| id.to_string()) }
    }

    fn judged(
        returns: &mut Returns<u32>,
        batch: impl IntoIterator<Item = Confirmed<u32>>,
        outstanding: usize,
    ) -> Vec<(u32, bool)> {
        let mut judged = Vec::new();
        returns.take(batch, outstanding, |item, returned| judged.push((item, returned)));
        judged.sort_unstable();
        judged
    }

    #[test]
    fn a_return_on_the_wrong_confirmation_finds_its_message() {
        let mut returns = Returns::new();
        let batch = [confirmed(7, Some(5)), confirmed(5, None)];
        assert_eq!(judged(&mut returns, batch, 3), [(5, true)]);
        assert_eq!(judged(&mut returns, [confirmed(8, None)], 2), [(7, false), (8, false)]);
    }

    #[test]
    fn a_message_whose_own_return_comes_later_is_not_taken_for_confirmed() {
        let mut returns = Returns::new();
        assert_eq!(judged(&mut returns, [confirmed(7, Some(5))], 3), []);
        assert_eq!(judged(&mut returns, [confirmed(9, Some(7))], 2), [(7, true)]);
        assert_eq!(judged(&mut returns, [confirmed(5, None)], 1), [(5, true), (9, false)]);
    }

    #[test]
    fn when_nothing_is_outstanding_nothing_waits() {
        let mut returns = Returns::new();
        let batch = [confirmed(1, Some(2)), confirmed(2, Some(1)), confirmed(3, Some(4))];
        assert_eq!(judged(&mut returns, batch, 1), [(1, true), (2, true)]);
        assert_eq!(judged(&mut returns, [confirmed(4, None)], 0), [(3, false), (4, true)]);
        assert_eq!(returns.abandon().count(), 0);
    }

    /// The client as it is: a queue of what came back, confirmations completed in any order.
    #[test]
    fn any_history_of_the_client_is_judged_rightly() {
        let mut seed = 11_u64;
        let mut draw = move |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % below
        };
        for _ in 0..500 {
            let (mut returns, mut queue) = (Returns::new(), VecDeque::new());
            let truth: BTreeMap<u32, bool> = (0..60).map(|id| (id, draw(3) == 0)).collect();
            let mut verdicts = BTreeMap::new();
            let (mut published, mut open) = (truth.keys().copied(), Vec::new());
            let mut left = truth.len();
            while left > 0 {
                // The broker handles a few, sending back what it cannot route, then confirms some
                // of what it has handled.
                for id in published.by_ref().take(draw(6)) {
                    if truth[&id] {
                        queue.push_back(id);
                    }
                    open.push(id);
                }
                let mut batch = Vec::new();
                for _ in 0..draw(open.len() + 1) {
                    let id = open.swap_remove(draw(open.len()));
                    batch.push(confirmed(id, queue.pop_front()));
                }
                // The task sees them in any order.
                for last in (1..batch.len()).rev() {
                    batch.swap(last, draw(last + 1));
                }
                left -= batch.len();
                returns.take(batch, left, |id, returned| {
                    assert!(verdicts.insert(id, returned).is_none(), "{id} was judged twice");
                });
            }
            assert_eq!(verdicts, truth);
        }
    }
}
