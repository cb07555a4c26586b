//! The laws of a window, under a broker that sends whatever it may as soon as it may.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const MIB: usize = 1 << 20;

/// A broker with an endless queue, and a client that adapts its window after each message.
struct Sim {
    window: Window,
    /// What is unsettled, in order: size, and whether the window counts it.
    held: VecDeque<(usize, bool)>,
    most: usize,
}

impl Sim {
    fn new(limit: Limit, counts: Counts) -> Self {
        Self { window: Window::new(limit, counts), held: VecDeque::new(), most: 0 }
    }

    fn held(&self) -> Limit {
        let bytes = self.held.iter().map(|(size, _)| size).sum();
        Limit { messages: self.held.len(), bytes }
    }

    fn present(&self) -> usize {
        self.held.iter().filter(|(_, counts)| *counts).count()
    }

    /// The broker sends all it may, and where the reader takes its time, all it may then. A window
    /// is changed only when the broker has sent all that the old one lets it, which is the worst
    /// that may happen.
    fn send(&mut self, mut size: impl FnMut() -> usize) {
        loop {
            while self.present() < self.window.messages() {
                if self.held.len() >= self.window.limit.messages {
                    // No more is read than may be in flight.
                    return;
                }
                let size = size();
                self.held.push_back((size, true));
                self.window.deliver(size);
            }
            self.most = self.most.max(self.held().bytes);
            if !self.step(Window::adapt) && !self.step(Window::nudge) {
                return;
            }
        }
    }

    /// One step, and the laws that hold for each.
    fn step(&mut self, act: impl Fn(&mut Window, Limit, usize) -> bool) -> bool {
        let (held, present) = (self.held(), self.present());
        let (limit, before) = (self.window.limit, self.window.messages());
        let (came, largest) = (self.window.came, self.window.largest.bytes());
        let changed = act(&mut self.window, held, present);
        let after = self.window.messages();
        assert!((1..=limit.messages).contains(&after));
        assert!(changed || after == before);
        if after > before {
            assert!(came >= before || present >= before);
            assert!(after <= before * FACTOR);
        }
        let fits = match self.window.counts {
            Counts::All => after * largest <= limit.bytes,
            Counts::Anew => {
                held.bytes + (before.saturating_sub(present) + after) * largest <= limit.bytes
            }
        };
        assert!(!changed || fits || after == 1 || after < before, "{held:?} {before} {after}");
        if changed && self.window.counts == Counts::Anew {
            self.held.iter_mut().for_each(|(_, counts)| *counts = false);
        }
        changed
    }

    fn settle(&mut self, count: usize) {
        self.held.drain(..count.min(self.held.len()));
        self.step(Window::adapt);
    }
}

fn limits() -> impl Strategy<Value = Limit> {
    (1..2_000_usize, 1..64 * MIB).prop_map(|(messages, bytes)| Limit { messages, bytes })
}

fn counts() -> impl Strategy<Value = Counts> {
    prop_oneof![Just(Counts::All), Just(Counts::Anew)]
}

proptest! {
    #[test]
    fn messages_of_one_size_stay_within_the_limit(
        (limit, counts) in (limits(), counts()),
        size in prop_oneof![0..2_000_usize, 0..16 * MIB],
        settled in prop::collection::vec(0..40_usize, 0..60),
    ) {
        let mut sim = Sim::new(limit, counts);
        sim.send(|| size);
        for count in settled {
            sim.settle(count);
            sim.send(|| size);
        }
        let first = FIRST.min(limit.messages);
        prop_assert!(
            sim.most <= limit.bytes.max((first + 1) * size),
            "{} bytes of messages of {size}, {limit:?}", sim.most
        );
    }

    #[test]
    fn who_settles_nothing_is_given_what_fits(
        (limit, counts) in (limits(), counts()),
        size in prop_oneof![1..2_000_usize, 1..16 * MIB],
    ) {
        let mut sim = Sim::new(limit, counts);
        sim.send(|| size);
        let held = sim.held();
        let fits = limit.bytes.saturating_sub(held.bytes) / size;
        prop_assert!(
            held.messages >= limit.messages || fits <= held.messages / 8,
            "{held:?} of {limit:?}, {fits} more would fit"
        );
    }

    #[test]
    fn messages_of_any_size_keep_the_laws(
        (limit, counts) in (limits(), counts()),
        sizes in prop::collection::vec(prop_oneof![4 => 0..2_000_usize, 1 => 0..MIB], 1..40),
        settled in prop::collection::vec(0..40_usize, 0..60),
    ) {
        let mut sim = Sim::new(limit, counts);
        let mut turn = 0;
        let mut next = || {
            turn += 1;
            sizes[turn % sizes.len()]
        };
        sim.send(&mut next);
        for count in settled {
            sim.settle(count);
            sim.send(&mut next);
        }
    }
}

fn window() -> Window {
    Window::new(Limit { messages: 1_024, bytes: 64 * MIB }, Counts::Anew)
}

fn held(messages: usize, size: usize) -> Limit {
    Limit { messages, bytes: messages * size }
}

#[test]
fn small_messages_have_the_whole_window_after_a_few_hundred() {
    let mut window = window();
    let mut changes = Vec::new();
    for came in 1..=1_000 {
        window.deliver(500);
        if window.adapt(held(window.messages(), 500), 0) {
            changes.push((came, window.messages()));
        }
    }
    assert_eq!(changes, [(8, 64), (72, 512), (584, 1_024)]);
    assert!(window.is_open());
}

#[test]
fn large_messages_come_one_by_one_until_there_is_room() {
    let mut window = window();
    (0..7).for_each(|_| window.deliver(10 * MIB));
    assert!(window.adapt(held(7, 10 * MIB), 7));
    assert_eq!(window.messages(), 1);
    window.deliver(10 * MIB);
    assert!(!window.adapt(held(5, 10 * MIB), 1), "one more is no more than there was");
    assert!(window.nudge(held(5, 10 * MIB), 1), "but it is one more");
    window.deliver(10 * MIB);
    assert!(window.adapt(held(2, 10 * MIB), 1));
    assert_eq!(window.messages(), 4);
}

#[test]
fn a_large_message_among_small_ones_is_remembered_for_a_while() {
    let mut window = window();
    for _ in 0..3 * SPAN {
        window.deliver(100);
        window.adapt(held(0, 0), 0);
    }
    assert!(window.is_open());
    window.deliver(MIB);
    assert!(window.adapt(held(1, MIB), 1));
    assert_eq!(window.messages(), 63);
    let mut small = 0;
    while !window.is_open() {
        small += 1;
        window.deliver(100);
        window.adapt(held(0, 0), 0);
        assert!(small <= 3 * SPAN, "it never grows again");
    }
    assert!(small >= SPAN);
}
