//! Who is to be told of each message that the producer holds.

use std::task::Waker;

use binder_core::Completion;

/// Completions by token, per publisher; one lock guards it for a whole batch.
///
/// A token is the index of a place that is used again, so nothing is allocated for a message once
/// the ledger has its size, and nothing is freed on another thread.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    places: Vec<Place>,
    free: Vec<usize>,
    outlets: Vec<Outlet>,
    /// Publishers that wait for room in the producer's queue.
    waiting: Vec<Waker>,
}

#[derive(Debug, Default)]
struct Place {
    outlet: usize,
    completion: Option<Completion>,
}

/// One publisher.
#[derive(Debug, Default)]
struct Outlet {
    open: bool,
    outstanding: usize,
    flushing: Vec<Waker>,
}

impl Ledger {
    /// A number for a publisher.
    pub(crate) fn open(&mut self) -> usize {
        let unused = self.outlets.iter().position(|outlet| !outlet.open && outlet.outstanding == 0);
        let index = unused.unwrap_or(self.outlets.len());
        if unused.is_none() {
            self.outlets.push(Outlet::default());
        }
        self.outlets[index].open = true;
        index
    }

    /// Gives the number back, once everything it stands for is reported.
    pub(crate) fn close(&mut self, outlet: usize) {
        if let Some(outlet) = self.outlets.get_mut(outlet) {
            outlet.open = false;
        }
    }

    /// A token for a message of that publisher.
    pub(crate) fn insert(&mut self, outlet: usize, completion: Completion) -> usize {
        let token = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        self.places[token] = Place { outlet, completion: Some(completion) };
        if let Some(outlet) = self.outlets.get_mut(outlet) {
            outlet.outstanding += 1;
        }
        token
    }

    /// Ends a token. Once only: a second time there is nothing.
    ///
    /// Publishers whose last message it was are added to `woken`.
    pub(crate) fn take(&mut self, token: usize, woken: &mut Vec<Waker>) -> Option<Completion> {
        let place = self.places.get_mut(token)?;
        let completion = place.completion.take()?;
        self.free.push(token);
        if let Some(outlet) = self.outlets.get_mut(place.outlet) {
            outlet.outstanding -= 1;
            if outlet.outstanding == 0 {
                woken.append(&mut outlet.flushing);
            }
        }
        Some(completion)
    }

    /// Ends every token.
    pub(crate) fn take_all(&mut self, woken: &mut Vec<Waker>) -> Vec<Completion> {
        (0..self.places.len()).filter_map(|token| self.take(token, woken)).collect()
    }

    /// How many messages are with the producer.
    pub(crate) fn outstanding(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Wakes this one when there may be room again.
    pub(crate) fn wait_for_room(&mut self, waker: &Waker) {
        remember(&mut self.waiting, waker);
    }

    /// Those who wait for room.
    pub(crate) fn take_waiting(&mut self, woken: &mut Vec<Waker>) {
        woken.append(&mut self.waiting);
    }

    /// Whether everything of that publisher is reported; if not, its waker is called when it is.
    pub(crate) fn is_flushed(&mut self, outlet: usize, waker: &Waker) -> bool {
        match self.outlets.get_mut(outlet) {
            Some(outlet) if outlet.outstanding > 0 => {
                remember(&mut outlet.flushing, waker);
                false
            }
            _ => true,
        }
    }
}

fn remember(wakers: &mut Vec<Waker>, waker: &Waker) {
    if !wakers.iter().any(|known| known.will_wake(waker)) {
        wakers.push(waker.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use binder_core::{Completed, Completions};

    use super::*;

    struct Ignore;

    impl Completions for Ignore {
        fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
            batch.clear();
        }
    }

    fn completion() -> Completion {
        Completion::new(0, Arc::new(Ignore))
    }

    #[test]
    fn a_token_ends_once_and_its_place_is_used_again() {
        let mut ledger = Ledger::default();
        let outlet = ledger.open();
        let mut woken = Vec::new();
        let first = ledger.insert(outlet, completion());
        assert_eq!(ledger.outstanding(), 1);
        assert!(ledger.take(first, &mut woken).is_some());
        assert!(ledger.take(first, &mut woken).is_none());
        assert!(ledger.take(99, &mut woken).is_none());
        assert_eq!(ledger.insert(outlet, completion()), first);
        assert_eq!(ledger.take_all(&mut woken).len(), 1);
        assert_eq!(ledger.outstanding(), 0);
    }

    #[test]
    fn a_flush_ends_with_the_publishers_own_last_message() {
        let mut ledger = Ledger::default();
        let (one, two) = (ledger.open(), ledger.open());
        let (first, second) = (ledger.insert(one, completion()), ledger.insert(one, completion()));
        ledger.insert(two, completion());
        let waker = Waker::noop();
        assert!(!ledger.is_flushed(one, waker));
        let mut woken = Vec::new();
        ledger.take(first, &mut woken);
        assert!(woken.is_empty());
        ledger.take(second, &mut woken);
        assert_eq!(woken.len(), 1);
        assert!(ledger.is_flushed(one, waker));
        assert!(!ledger.is_flushed(two, waker));
    }

    #[test]
    fn a_number_is_used_again_only_when_nothing_of_it_is_left() {
        let mut ledger = Ledger::default();
        let one = ledger.open();
        let token = ledger.insert(one, completion());
        ledger.close(one);
        let two = ledger.open();
        assert_ne!(one, two);
        ledger.take(token, &mut Vec::new());
        assert_eq!(ledger.open(), one);
    }
}
