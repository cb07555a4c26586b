//! What is due later, for one binding: one timer of the runtime serves them all.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use tokio::time::Instant;

/// Delays asked for by anyone and kept by the task that owns the clock.
///
/// Whoever decides that something is due later may run on a thread without a clock (a publisher's),
/// so it leaves the delay, and the owner turns it into an instant.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    asked: Vec<(Duration, T)>,
    due: BinaryHeap<Reverse<(Instant, u64, T)>>,
    count: u64,
}

impl<T: Ord> Timers<T> {
    pub(crate) const fn new() -> Self {
        Self { asked: Vec::new(), due: BinaryHeap::new(), count: 0 }
    }

    /// Asks for `what` after `delay`; the owner has to be woken.
    pub(crate) fn ask(&mut self, delay: Duration, what: T) {
        self.asked.push((delay, what));
    }

    /// Adds what is due at `now` to `into`, in the order of instants and then of asking.
    pub(crate) fn take_due(&mut self, now: Instant, into: &mut Vec<T>) {
        for (delay, what) in self.asked.drain(..) {
            self.count += 1;
            self.due.push(Reverse((now + delay, self.count, what)));
        }
        while let Some(Reverse((at, _, _))) = self.due.peek() {
            if *at > now {
                break;
            }
            if let Some(Reverse((_, _, what))) = self.due.pop() {
                into.push(what);
            }
        }
    }

    /// Forgets what satisfies `which`, and gives it.
    pub(crate) fn cancel(&mut self, which: impl Fn(&T) -> bool) -> Vec<T> {
        let asked = self.asked.extract_if(.., |(_, what)| which(what)).map(|(_, what)| what);
        let mut cancelled: Vec<T> = asked.collect();
        let (gone, kept) = self.due.drain().partition::<Vec<_>, _>(|due| which(&due.0.2));
        self.due = kept.into();
        cancelled.extend(gone.into_iter().map(|Reverse((_, _, what))| what));
        cancelled
    }

    /// When the next is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse((at, _, _))| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_in_order_of_instants_then_of_asking() {
        let start = Instant::now();
        let mut timers = Timers::new();
        timers.ask(Duration::from_secs(2), 'c');
        timers.ask(Duration::from_secs(1), 'b');
        timers.ask(Duration::from_secs(1), 'a');
        let mut due = Vec::new();
        timers.take_due(start, &mut due);
        assert!(due.is_empty());
        assert_eq!(timers.next(), Some(start + Duration::from_secs(1)));
        timers.take_due(start + Duration::from_secs(1), &mut due);
        assert_eq!(due, ['b', 'a']);
        timers.take_due(start + Duration::from_secs(9), &mut due);
        assert_eq!(due, ['b', 'a', 'c']);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn what_is_cancelled_is_given_back_and_never_due() {
        let start = Instant::now();
        let mut timers = Timers::new();
        let mut due = Vec::new();
        timers.ask(Duration::from_secs(1), 'a');
        timers.ask(Duration::from_secs(2), 'b');
        timers.take_due(start, &mut due);
        timers.ask(Duration::from_secs(1), 'c');
        timers.ask(Duration::from_secs(1), 'd');
        let mut cancelled = timers.cancel(|what| matches!(what, 'a' | 'c'));
        cancelled.sort_unstable();
        assert_eq!(cancelled, ['a', 'c']);
        timers.take_due(start, &mut due);
        timers.take_due(start + Duration::from_secs(9), &mut due);
        assert_eq!(due, ['d', 'b']);
    }
}
