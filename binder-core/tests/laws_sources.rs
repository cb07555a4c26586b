//! The laws of `logic::sources`.

use std::collections::HashSet;

use proptest::prelude::*;

use binder_core::Limit;
use binder_core::logic::sources::Sources;

proptest! {
    #[test]
    fn joining_and_splitting_are_inverse(
        count in 1..40_usize, source in 0..40_usize, partition: u32, joined: u32,
    ) {
        let sources = Sources::new(count);
        match sources.join(source, partition) {
            Some(number) => prop_assert_eq!(sources.split(number), (source, partition)),
            None => prop_assert!(
                source >= count || u64::from(partition) * count as u64 + source as u64 > u64::from(u32::MAX)
            ),
        }
        let (source, partition) = sources.split(joined);
        prop_assert!(source < count);
        prop_assert_eq!(sources.join(source, partition), Some(joined));
    }

    #[test]
    fn no_two_partitions_become_one(count in 1..8_usize, partitions in 1..50_u32) {
        let sources = Sources::new(count);
        let numbers: HashSet<_> = (0..count)
            .flat_map(|source| (0..partitions).map(move |partition| (source, partition)))
            .map(|(source, partition)| sources.join(source, partition).unwrap())
            .collect();
        prop_assert_eq!(numbers.len(), count * partitions as usize);
    }

    #[test]
    fn one_source_leaves_numbers_alone(partition: u32) {
        prop_assert_eq!(Sources::ONE.join(0, partition), Some(partition));
        prop_assert_eq!(Sources::ONE.split(partition), (0, partition));
        prop_assert_eq!(Sources::new(0), Sources::ONE);
    }

    #[test]
    fn shares_add_up_and_are_even(count in 1..40_usize, messages in 1..100_000_usize, bytes in 1..(1_usize << 40)) {
        let sources = Sources::new(count);
        let shares: Vec<_> =
            (0..count).map(|source| sources.share(Limit { messages, bytes }, source)).collect();
        for (whole, parts) in [
            (messages, shares.iter().map(|share| share.messages).collect::<Vec<_>>()),
            (bytes, shares.iter().map(|share| share.bytes).collect()),
        ] {
            prop_assert_eq!(parts.iter().sum::<usize>(), whole.max(count));
            let (least, most) = (parts.iter().min().unwrap(), parts.iter().max().unwrap());
            prop_assert!(*least >= 1 && most - least <= 1);
        }
    }
}
