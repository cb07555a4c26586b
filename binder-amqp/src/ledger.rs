//! Settlements in any order to acknowledgements of runs.
//!
//! One ledger stands for one channel. Its delivery tags count 1, 2, 3 over all consumers of the
//! channel, so a tag that was not read yet is known to be outstanding.
//!
//! # Laws
//!
//! 1. A delivery is acknowledged only after it was settled, and only once.
//! 2. While the channel is open, only what is below the lowest unsettled delivery is acknowledged,
//!    in one run; the rest when it closes.
//! 3. A released delivery is returned once and never acknowledged.
//! 4. What is in flight is what was delivered and is neither acknowledged nor returned; while a tag
//!    that was not read holds everything behind it, only what is not settled.

use std::collections::VecDeque;

use binder_core::Limit;

/// What the broker is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tell {
    /// Everything up to this tag is done.
    AckThrough(u64),
    /// This one is done.
    Ack(u64),
    /// This one goes back to its queue.
    Return(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// On its way: the consumer it belongs to was not read yet.
    Unread,
    InProgress,
    Settled,
    /// Acknowledged or returned by itself.
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    state: State,
    /// Bytes of payload, key and headers.
    size: usize,
}

impl Entry {
    fn is_held(&self) -> bool {
        matches!(self.state, State::InProgress | State::Settled)
    }
}

const UNREAD: Entry = Entry { state: State::Unread, size: 0 };
const NOTHING: Limit = Limit { messages: 0, bytes: 0 };

/// The deliveries of a channel from the lowest that is not settled.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// The tag of the first entry.
    first: u64,
    entries: VecDeque<Entry>,
    /// What was delivered and is neither acknowledged nor returned.
    held: Limit,
    /// What of it is not settled.
    open: Limit,
    /// The end of a run that is settled and not acknowledged.
    run: Option<u64>,
    returned: Vec<u64>,
}

impl Ledger {
    /// A channel that has delivered nothing.
    pub(crate) const fn new() -> Self {
        Self {
            first: 1,
            entries: VecDeque::new(),
            held: NOTHING,
            open: NOTHING,
            run: None,
            returned: Vec::new(),
        }
    }

    /// Adds a delivery of that size.
    pub(crate) fn deliver(&mut self, tag: u64, size: usize) {
        let Some(index) = self.index(tag) else { return };
        if self.entries.len() <= index {
            self.entries.resize(index + 1, UNREAD);
        }
        let entry = self.entries.get_mut(index).filter(|entry| entry.state == State::Unread);
        if let Some(entry) = entry {
            *entry = Entry { state: State::InProgress, size };
            add(&mut self.held, size);
            add(&mut self.open, size);
        }
    }

    /// What is delivered and neither acknowledged nor returned.
    pub(crate) fn held(&self) -> Limit {
        self.held
    }

    /// The same as far as it may keep others back. What is settled behind a tag that was not read
    /// does not: that one would never be read.
    pub(crate) fn in_flight(&self) -> Limit {
        let waits = self.entries.front().is_some_and(|first| first.state == State::Unread);
        if waits { self.open } else { self.held }
    }

    /// The tag behind the last that was delivered.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Whether that delivery is held.
    pub(crate) fn holds(&self, tag: u64) -> bool {
        self.index(tag).and_then(|index| self.entries.get(index)).is_some_and(Entry::is_held)
    }

    /// How many deliveries from that tag on are held.
    pub(crate) fn held_from(&self, tag: u64) -> usize {
        let begin = self.index(tag.max(self.first)).unwrap_or(usize::MAX);
        self.entries.iter().skip(begin).filter(|entry| entry.is_held()).count()
    }

    /// Settles a delivery. False if it is unknown, or was settled or released before.
    pub(crate) fn settle(&mut self, tag: u64) -> bool {
        self.leave(tag, State::Settled)
    }

    /// Gives a delivery back. False if it is unknown, or was settled or released before.
    pub(crate) fn release(&mut self, tag: u64) -> bool {
        let known = self.leave(tag, State::Gone);
        if known {
            self.returned.push(tag);
        }
        known
    }

    fn leave(&mut self, tag: u64, state: State) -> bool {
        let entry = self.index(tag).and_then(|index| self.entries.get_mut(index));
        let entry = entry.filter(|entry| entry.state == State::InProgress);
        let Some(entry) = entry else { return false };
        entry.state = state;
        subtract(&mut self.open, entry.size);
        if state == State::Gone {
            subtract(&mut self.held, entry.size);
        }
        while let Some(&Entry { state: left @ (State::Settled | State::Gone), size }) =
            self.entries.front()
        {
            self.entries.pop_front();
            if left == State::Settled {
                subtract(&mut self.held, size);
                self.run = Some(self.first);
            }
            self.first += 1;
        }
        true
    }

    fn index(&self, tag: u64) -> Option<usize> {
        usize::try_from(tag.checked_sub(self.first)?).ok()
    }

    /// What to tell the broker now. What was released comes first: a run may pass it.
    pub(crate) fn flush(&mut self, mut tell: impl FnMut(Tell)) {
        self.returned.drain(..).for_each(|tag| tell(Tell::Return(tag)));
        if let Some(run) = self.run.take() {
            tell(Tell::AckThrough(run));
        }
    }

    /// What to tell the broker before the channel closes: what is settled above a gap too, so that
    /// exactly the rest comes again. What was released since the last flush goes back with it.
    pub(crate) fn close(&mut self, mut tell: impl FnMut(Tell)) {
        // A run ends at a settled delivery and may pass one that was released and not returned.
        self.flush(&mut tell);
        for (entry, tag) in self.entries.iter_mut().zip(self.first..) {
            if entry.state == State::Settled {
                entry.state = State::Gone;
                tell(Tell::Ack(tag));
            }
        }
    }
}

fn add(sum: &mut Limit, size: usize) {
    sum.messages += 1;
    sum.bytes += size;
}

fn subtract(sum: &mut Limit, size: usize) {
    sum.messages -= 1;
    sum.bytes -= size;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each message of these tests weighs.
    const SIZE: usize = 10;

    fn delivered(count: u64) -> Ledger {
        let mut ledger = Ledger::new();
        (1..=count).for_each(|tag| ledger.deliver(tag, SIZE));
        ledger
    }

    fn weight(messages: usize) -> Limit {
        Limit { messages, bytes: messages * SIZE }
    }

    fn flushed(ledger: &mut Ledger) -> Vec<Tell> {
        let mut told = Vec::new();
        ledger.flush(|tell| told.push(tell));
        told
    }

    fn closed(ledger: &mut Ledger) -> Vec<Tell> {
        let mut told = Vec::new();
        ledger.close(|tell| told.push(tell));
        told
    }

    #[test]
    fn a_run_is_acknowledged_at_once_and_only_the_run() {
        let mut ledger = delivered(6);
        for tag in [2, 1, 5, 3] {
            assert!(ledger.settle(tag));
        }
        assert_eq!(flushed(&mut ledger), [Tell::AckThrough(3)]);
        assert_eq!(flushed(&mut ledger), []);
        assert!(!ledger.settle(3), "behind the run");
        assert!(!ledger.settle(5), "twice");
        assert!(!ledger.settle(7), "never delivered");
        assert_eq!(closed(&mut ledger), [Tell::Ack(5)]);
        assert_eq!(closed(&mut ledger), []);
    }

    #[test]
    fn a_tag_that_was_not_read_yet_holds_the_run() {
        let mut ledger = Ledger::new();
        ledger.deliver(1, SIZE);
        ledger.deliver(3, SIZE);
        assert!(ledger.settle(1) && ledger.settle(3));
        assert!(!ledger.settle(2));
        assert_eq!(flushed(&mut ledger), [Tell::AckThrough(1)]);
        ledger.deliver(2, SIZE);
        assert!(ledger.settle(2));
        assert_eq!(flushed(&mut ledger), [Tell::AckThrough(3)]);
    }

    #[test]
    fn what_is_released_goes_back_and_is_passed_by_the_run() {
        let mut ledger = delivered(4);
        assert!(ledger.release(2) && ledger.settle(1) && ledger.settle(3));
        assert!(!ledger.settle(2));
        assert_eq!(flushed(&mut ledger), [Tell::Return(2), Tell::AckThrough(3)]);
        assert!(ledger.release(4));
        // Nothing is acknowledged over what was returned: its tag is not the broker's any more.
        assert_eq!(flushed(&mut ledger), [Tell::Return(4)]);
    }

    #[test]
    fn what_is_settled_above_a_gap_is_in_flight_unless_the_gap_was_not_read() {
        let mut ledger = delivered(4);
        assert!(ledger.settle(2) && ledger.release(3));
        assert_eq!((ledger.held(), ledger.in_flight()), (weight(3), weight(3)));
        assert!(ledger.settle(1));
        assert_eq!(ledger.held(), weight(1));
        ledger.deliver(6, SIZE);
        assert!(ledger.settle(4) && ledger.settle(6));
        assert_eq!((ledger.held(), ledger.in_flight()), (weight(1), weight(0)));
        assert_eq!((ledger.held_from(5), ledger.held_from(7), ledger.next()), (1, 0, 7));
        assert!(ledger.holds(6) && !ledger.holds(5) && !ledger.holds(4) && !ledger.holds(9));
        ledger.deliver(5, SIZE);
        assert!(ledger.settle(5));
        assert_eq!((ledger.held(), ledger.in_flight()), (weight(0), weight(0)));
    }

    /// The broker's view of a random history: each tag is acknowledged or returned at most once,
    /// and only as settled.
    #[test]
    fn any_history_tells_the_broker_the_truth() {
        let mut seed = 7_u64;
        let mut draw = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..200 {
            let (mut ledger, mut next) = (Ledger::new(), 1);
            let (mut open, mut settled) = (Vec::new(), std::collections::BTreeSet::new());
            let mut released = std::collections::BTreeSet::new();
            let mut outstanding = std::collections::BTreeSet::new();
            let mut told = Vec::new();
            for _ in 0..100 {
                match draw(4) {
                    0 | 1 => {
                        ledger.deliver(next, SIZE);
                        open.push(next);
                        outstanding.insert(next);
                        next += 1;
                    }
                    2 if !open.is_empty() => {
                        let tag = open.swap_remove(draw(open.len() as u64) as usize);
                        if draw(8) == 0 {
                            assert!(ledger.release(tag));
                            released.insert(tag);
                        } else {
                            assert!(ledger.settle(tag));
                            settled.insert(tag);
                        }
                    }
                    _ => ledger.flush(|tell| told.push(tell)),
                }
                for tell in told.drain(..) {
                    apply(tell, &mut outstanding, &settled, &released);
                }
            }
            assert_eq!(ledger.open, weight(open.len()));
            ledger.close(|tell| told.push(tell));
            told.drain(..).for_each(|tell| apply(tell, &mut outstanding, &settled, &released));
            assert_eq!(outstanding, open.into_iter().collect());
        }
    }

    type Tags = std::collections::BTreeSet<u64>;

    fn apply(tell: Tell, outstanding: &mut Tags, settled: &Tags, released: &Tags) {
        match tell {
            Tell::AckThrough(through) => {
                assert!(outstanding.contains(&through), "{through} is not the broker's to settle");
                let rest = outstanding.split_off(&(through + 1));
                let run = std::mem::replace(outstanding, rest);
                assert!(run.iter().all(|tag| settled.contains(tag)), "{run:?}");
            }
            Tell::Ack(tag) => assert!(outstanding.remove(&tag) && settled.contains(&tag)),
            Tell::Return(tag) => assert!(outstanding.remove(&tag) && released.contains(&tag)),
        }
    }
}
