//! The laws of `logic::assignment`.

use std::num::NonZeroU32;

use binder_core::Instance;
use binder_core::logic::assignment::{owns, share};
use proptest::prelude::*;

fn instances(count: u32) -> impl Iterator<Item = Instance> {
    let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    (0..count.get()).map(move |index| Instance { index, count })
}

proptest! {
    #[test]
    fn every_partition_has_one_owner(count in 1..40_u32, partitions in 0..200_u32) {
        for partition in 0..partitions {
            let owners = instances(count).filter(|one| owns(*one, partition)).count();
            prop_assert_eq!(owners, 1);
        }
        let mut all: Vec<_> = instances(count).flat_map(|one| share(one, partitions)).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..partitions).collect::<Vec<_>>());
    }

    #[test]
    fn shares_differ_by_at_most_one(count in 1..40_u32, partitions in 0..200_u32) {
        let sizes: Vec<_> = instances(count).map(|one| share(one, partitions).count()).collect();
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
    }

    #[test]
    fn a_partition_keeps_its_owner_when_there_are_more(
        count in 1..40_u32,
        partitions in 0..200_u32,
        more in 0..50_u32,
    ) {
        for one in instances(count) {
            let before: Vec<_> = share(one, partitions).collect();
            let after: Vec<_> = share(one, partitions + more).collect();
            prop_assert_eq!(&after[..before.len()], &before[..]);
        }
    }
}

#[test]
fn one_instance_reads_all() {
    assert_eq!(share(Instance::default(), 3).collect::<Vec<_>>(), [0, 1, 2]);
}
