//! The laws of `logic::partition`; agreement with published vectors stands beside the code.

use std::collections::HashSet;
use std::num::NonZeroU32;

use proptest::collection::vec;
use proptest::prelude::*;

use binder_core::logic::partition::{
    java_string_hash, kafka_partition, lane_of, murmur2, spring_partition, to_positive,
};

fn count() -> impl Strategy<Value = NonZeroU32> {
    prop_oneof![0..40_u32, any::<u32>()].prop_map(|more| NonZeroU32::MIN.saturating_add(more))
}

/// `hashCode` as its documentation defines it: s[0]*31^(n-1) + ... + s[n-1], modulo 2^32.
fn defined_hash(text: &str) -> i32 {
    let units: Vec<u16> = text.encode_utf16().collect();
    let power = |n: usize| (0..n).fold(1_u32, |power, _| power.wrapping_mul(31));
    let last = units.len().wrapping_sub(1);
    let sum = units.iter().enumerate().fold(0_u32, |sum, (i, unit)| {
        sum.wrapping_add(u32::from(*unit).wrapping_mul(power(last - i)))
    });
    sum as i32
}

proptest! {
    #[test]
    fn a_partition_is_in_range_and_stable(key in vec(any::<u8>(), 0..40), count in count()) {
        let partition = kafka_partition(&key, count);
        prop_assert!(partition < count.get());
        prop_assert_eq!(partition, kafka_partition(&key, count));
        prop_assert!(to_positive(murmur2(&key)) as i32 >= 0);
    }

    #[test]
    fn a_spring_partition_is_in_range_and_java_s(key in any::<String>(), count in count()) {
        prop_assert!(spring_partition(&key, count) < count.get());
        prop_assert_eq!(java_string_hash(&key), defined_hash(&key));
        let positive = i64::from(defined_hash(&key)).abs() % (1 << 31);
        prop_assert_eq!(i64::from(spring_partition(&key, count)), positive % i64::from(count.get()));
    }

    /// Every byte counts, whatever its place: the hashes are bijective in the last word.
    #[test]
    fn another_byte_is_another_lane(
        key in vec(any::<u8>(), 1..40),
        place in any::<prop::sample::Index>(),
        by in 1..=255_u8,
    ) {
        let mut other = key.clone();
        other[place.index(key.len())] ^= by;
        prop_assert_ne!(lane_of(&key), lane_of(&other));
        prop_assert_ne!(murmur2(&key), murmur2(&other));
    }
}

#[test]
fn keys_spread() {
    let keys: Vec<String> = (0..10_000).map(|n| format!("order-{n}")).collect();
    let lanes: HashSet<u64> = keys.iter().map(|key| lane_of(key.as_bytes())).collect();
    assert_eq!(lanes.len(), keys.len());
    let mut sizes = [0; 8];
    for key in &keys {
        sizes[kafka_partition(key.as_bytes(), NonZeroU32::new(8).unwrap()) as usize] += 1;
    }
    assert!(sizes.iter().all(|size| (1000..1500).contains(size)), "{sizes:?}");
}
