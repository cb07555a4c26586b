//! The laws of `logic::drain`.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;

use binder_core::binder::Partition;
use binder_core::logic::drain::{Waiting, finish};

fn partition(number: u32) -> Partition {
    Partition { epoch: 1, partition: number }
}

proptest! {
    #[test]
    fn the_lowest_below_what_has_started_are_finished(
        waiting in btree_set((0..4_u32, 0..50_u64), 0..60).prop_map(|set| set.into_iter().collect::<Vec<_>>()).prop_shuffle(),
        started in btree_map(0..4_u32, 0..50_u64, 0..4),
        limit in 0..80_usize,
    ) {
        let all = waiting.iter().map(|&(number, sequence)| Waiting {
            partition: partition(number),
            sequence,
            item: (number, sequence),
        });
        let highest = |of: Partition| started.get(&of.partition).copied();
        let finished: Vec<_> = finish(all, highest, limit).collect();
        let due = |(number, sequence): &(u32, u64)| {
            started.get(number).is_some_and(|started| sequence < started)
        };
        prop_assert!(finished.iter().all(due));
        let wanted = waiting.iter().filter(|message| due(message)).count();
        prop_assert_eq!(finished.len(), wanted.min(limit));
        let mut last: BTreeMap<u32, u64> = BTreeMap::new();
        for (number, sequence) in &finished {
            let before = last.insert(*number, *sequence);
            prop_assert!(before.is_none_or(|before| before < *sequence));
        }
        for (number, sequence) in waiting.iter().filter(|message| due(message)) {
            let lowest = last.get(number).is_none_or(|last| sequence > last);
            prop_assert!(finished.contains(&(*number, *sequence)) || lowest);
        }
    }
}
