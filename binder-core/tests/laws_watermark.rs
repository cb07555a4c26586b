//! The laws of `logic::watermark`, against a model that keeps everything.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use binder_core::logic::watermark::Watermark;

#[derive(Clone, Debug)]
enum Step {
    /// Delivers this far above the last position.
    Deliver(u64),
    /// Settles one of the positions delivered so far, perhaps again, or one beside it.
    Settle(Index, u64),
    Release(Index),
    Ask,
}

fn gap() -> impl Strategy<Value = u64> {
    prop_oneof![8 => Just(1_u64), 3 => 2..5_u64, 1 => 5..100_000_u64]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => gap().prop_map(Step::Deliver),
        8 => (any::<Index>(), prop_oneof![9 => Just(0), 1 => 1..3_u64])
            .prop_map(|(index, beside)| Step::Settle(index, beside)),
        1 => any::<Index>().prop_map(Step::Release),
        3 => Just(Step::Ask),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    InProgress,
    Settled,
    Released,
}

fn change(model: &mut BTreeMap<u64, State>, position: u64, state: State) -> bool {
    match model.get_mut(&position) {
        Some(known) if *known == State::InProgress => {
            *known = state;
            true
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn watermark_does_what_the_model_does(
        first in prop_oneof![Just(0_u64), any::<u32>().prop_map(u64::from)],
        steps in vec(step(), 1..200),
    ) {
        let mut watermark = Watermark::new();
        let mut model = BTreeMap::new();
        let mut asked = None;
        prop_assert!(watermark.deliver(first));
        model.insert(first, State::InProgress);
        let mut last = first;
        for step in steps {
            let nth = |index: &Index| *model.keys().nth(index.index(model.len())).unwrap();
            match step {
                Step::Deliver(gap) => {
                    prop_assert!(!watermark.deliver(last));
                    last += gap;
                    prop_assert!(watermark.deliver(last));
                    model.insert(last, State::InProgress);
                }
                Step::Settle(index, beside) => {
                    let position = nth(&index) + beside;
                    let settled = change(&mut model, position, State::Settled);
                    prop_assert_eq!(watermark.settle(position), settled);
                }
                Step::Release(index) => {
                    let position = nth(&index);
                    let released = change(&mut model, position, State::Released);
                    prop_assert_eq!(watermark.release(position), released);
                }
                Step::Ask => {
                    let prefix = model.iter().take_while(|(_, s)| **s == State::Settled).last();
                    let next = prefix.map(|(position, _)| position + 1);
                    let risen = if next > asked { next } else { None };
                    prop_assert_eq!(watermark.committable(), risen);
                    asked = next;
                }
            }
            let rest: Vec<_> = model.iter().skip_while(|(_, s)| **s == State::Settled).collect();
            let in_progress = rest.iter().filter(|(_, s)| **s == State::InProgress).count();
            prop_assert_eq!(watermark.outstanding(), rest.len());
            prop_assert_eq!(watermark.in_progress(), in_progress);
            prop_assert_eq!(watermark.oldest_unsettled(), rest.first().map(|(p, _)| **p));
        }
    }

    /// Settled in any order over any gaps, it only rises, never passes an unsettled position and
    /// ends at the last one + 1.
    #[test]
    fn it_ends_behind_the_last(
        (gaps, order) in vec(gap(), 1..100).prop_flat_map(|gaps| {
            let order: Vec<usize> = (0..gaps.len()).collect();
            (Just(gaps), Just(order).prop_shuffle())
        }),
    ) {
        let positions: Vec<u64> = gaps
            .iter()
            .scan(0, |position, gap| {
                *position += gap;
                Some(*position)
            })
            .collect();
        let mut watermark = Watermark::new();
        for position in &positions {
            watermark.deliver(*position);
        }
        let mut committed = 0;
        let mut open = positions.clone();
        for index in order {
            prop_assert!(watermark.settle(positions[index]));
            open.retain(|position| *position != positions[index]);
            if let Some(next) = watermark.committable() {
                prop_assert!(next > committed);
                committed = next;
            }
            prop_assert!(open.first().is_none_or(|lowest| committed <= *lowest));
        }
        prop_assert_eq!(Some(committed), positions.last().map(|last| last + 1));
        prop_assert_eq!(watermark.outstanding(), 0);
    }
}
