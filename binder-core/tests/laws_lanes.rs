//! The laws of `logic::lanes`, against a model that searches.

use std::collections::{HashMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;

use binder_core::logic::lanes::Lanes;

#[derive(Clone, Debug)]
enum Step {
    Push(u64),
    Start(usize),
    Finish(u64),
    /// Holds a lane and gives back so many of the last items it had started.
    Hold(u64, usize),
    Resume(u64),
    /// Puts back so many of the last items that a lane has started, which stays busy.
    PutBack(u64, usize),
    /// Removes the items that leave this rest modulo 3.
    Remove(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let key = prop_oneof![0..5_u64, u64::MAX - 1..=u64::MAX];
    prop_oneof![
        6 => key.clone().prop_map(Step::Push),
        4 => (0..4_usize).prop_map(Step::Start),
        3 => key.clone().prop_map(Step::Finish),
        2 => (key.clone(), 0..3_usize).prop_map(|(key, back)| Step::Hold(key, back)),
        2 => (key.clone(), 0..3_usize).prop_map(|(key, back)| Step::PutBack(key, back)),
        2 => key.prop_map(Step::Resume),
        1 => (0..3_u32).prop_map(Step::Remove),
    ]
}

/// Everything in one list; states are looked up by walking.
#[derive(Debug, Default)]
struct Model {
    /// What has not started, per lane in order.
    waiting: Vec<(u64, u32)>,
    running: HashMap<u64, Vec<u32>>,
    held: HashSet<u64>,
    /// Ready lanes, longest first.
    turn: Vec<u64>,
}

impl Model {
    fn waits(&self, key: u64) -> bool {
        self.waiting.iter().any(|(other, _)| *other == key)
    }

    fn refresh(&mut self) {
        let Self { waiting, running, held, turn } = self;
        let ready = |key: &u64| {
            waiting.iter().any(|(other, _)| other == key)
                && !running.contains_key(key)
                && !held.contains(key)
        };
        turn.retain(|key| ready(key));
        for (key, _) in waiting.iter() {
            if ready(key) && !turn.contains(key) {
                turn.push(*key);
            }
        }
    }

    fn start(&mut self, max: usize) -> Option<(u64, Vec<u32>)> {
        if max == 0 || self.turn.is_empty() {
            return None;
        }
        let key = self.turn.remove(0);
        let mut items = Vec::new();
        self.waiting.retain(|(other, item)| {
            let taken = *other == key && items.len() < max;
            if taken {
                items.push(*item);
            }
            !taken
        });
        self.running.insert(key, items.clone());
        Some((key, items))
    }

    /// Returns what the caller has to hand back.
    fn hold(&mut self, key: u64, back: usize) -> Vec<u32> {
        let items = self.running.remove(&key).unwrap_or_default();
        let back = items[items.len().saturating_sub(back)..].to_vec();
        self.held.insert(key);
        let front = back.iter().map(|item| (key, *item));
        self.waiting = front.chain(self.waiting.iter().copied()).collect();
        back
    }

    /// Returns what the caller has to hand back.
    fn put_back(&mut self, key: u64, back: usize) -> Vec<u32> {
        let Some(items) = self.running.get_mut(&key) else { return Vec::new() };
        let back = items.split_off(items.len().saturating_sub(back));
        let front = back.iter().map(|item| (key, *item));
        self.waiting = front.chain(self.waiting.iter().copied()).collect();
        back
    }

    fn remove(&mut self, rest: u32) -> Vec<u32> {
        let mut removed: Vec<_> =
            self.waiting.iter().filter(|(_, item)| item % 3 == rest).copied().collect();
        self.waiting.retain(|(_, item)| item % 3 != rest);
        removed.sort_by_key(|(key, _)| *key);
        removed.into_iter().map(|(_, item)| item).collect()
    }

    fn startable(&self) -> usize {
        self.waiting.iter().filter(|(key, _)| self.turn.contains(key)).count()
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty() && self.held.is_empty()
    }
}

proptest! {
    #[test]
    fn lanes_do_what_the_model_does(seed: u64, steps in vec(step(), 1..120)) {
        let mut lanes = Lanes::seeded(seed);
        let mut model = Model::default();
        for (item, step) in (0_u32..).zip(steps) {
            match step {
                Step::Push(key) => {
                    lanes.push(key, item);
                    model.waiting.push((key, item));
                }
                Step::Start(max) => {
                    let mut items = Vec::new();
                    let key = lanes.start(max, &mut items);
                    prop_assert_eq!(key.map(|key| (key, items)), model.start(max));
                }
                Step::Finish(key) => {
                    lanes.finish(key);
                    model.running.remove(&key);
                }
                Step::Hold(key, back) => {
                    let back = model.hold(key, back);
                    lanes.hold(key, back.into_iter());
                }
                Step::PutBack(key, back) => {
                    let back = model.put_back(key, back);
                    lanes.put_back(key, back.into_iter());
                }
                Step::Resume(key) => {
                    lanes.resume(key);
                    model.held.remove(&key);
                }
                Step::Remove(rest) => {
                    prop_assert_eq!(lanes.remove(|item| item % 3 == rest), model.remove(rest));
                }
            }
            model.refresh();
            prop_assert_eq!(lanes.ready(), model.turn.len());
            prop_assert_eq!(lanes.queued(), model.waiting.len());
            prop_assert_eq!(lanes.startable(), model.startable());
            prop_assert_eq!(lanes.is_idle(), model.is_idle());
            prop_assert!(model.turn.iter().all(|key| model.waits(*key)));
        }
    }

    /// Several workers, any schedule, failures that come back: every item starts in order per
    /// key, once more than it was held back, and no lane runs twice at once.
    #[test]
    fn everything_starts_in_order(
        keys in vec(0..6_u64, 1..80),
        schedule in vec((0..4_usize, any::<bool>()), 1..60),
        max in 1..4_usize,
    ) {
        let mut lanes = Lanes::new();
        for (item, key) in keys.iter().enumerate() {
            lanes.push(*key, item);
        }
        let mut done: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut running: Vec<(u64, Vec<usize>)> = Vec::new();
        let schedule = schedule.into_iter().chain(std::iter::repeat_n((0, false), 200));
        for (worker, fails) in schedule {
            if lanes.is_idle() {
                break;
            }
            let mut items = Vec::new();
            if let Some(key) = lanes.start(max, &mut items) {
                prop_assert!(!items.is_empty() && items.len() <= max);
                prop_assert!(running.iter().all(|(other, _)| *other != key));
                running.push((key, items));
            }
            if worker < running.len() {
                let (key, items) = running.swap_remove(worker);
                let finished = if fails { items.len() / 2 } else { items.len() };
                done.entry(key).or_default().extend(&items[..finished]);
                if fails {
                    lanes.hold(key, items[finished..].iter().copied());
                    lanes.resume(key);
                } else {
                    lanes.finish(key);
                }
            }
        }
        prop_assert!(lanes.is_idle());
        for key in 0..6 {
            let pushed: Vec<_> = (0..keys.len()).filter(|item| keys[*item] == key).collect();
            prop_assert_eq!(done.remove(&key).unwrap_or_default(), pushed);
        }
    }

    /// A lane that is never without items does not push another one back.
    #[test]
    fn a_ready_lane_waits_for_those_before_it_only(busy in 1..8_u64) {
        let mut lanes = Lanes::new();
        for key in 0..busy {
            lanes.push(key, ());
        }
        lanes.push(99, ());
        for _ in 0..busy {
            let key = lanes.start(1, &mut Vec::new());
            prop_assert!(key.is_some_and(|key| key < busy));
            lanes.push(key.unwrap(), ());
            lanes.finish(key.unwrap());
        }
        prop_assert_eq!(lanes.start(1, &mut Vec::new()), Some(99));
    }
}
