//! From a key to a partition or a lane.
//!
//! # Laws
//!
//! 1. A partition is below the count.
//! 2. The same key and count give the same answer, in every process and release of this crate:
//!    the hashes are published ones.

use std::num::NonZeroU32;

/// The partition that Kafka's Java client chooses for a key
/// (`BuiltInPartitioner.partitionForKey`: murmur2, made positive, modulo).
#[must_use]
pub fn kafka_partition(key: &[u8], count: NonZeroU32) -> u32 {
    to_positive(murmur2(key)) % count
}

/// The partition that Spring Cloud Stream chooses for a string key (`PartitionHandler`: the
/// absolute `hashCode`, 0 for the one that has none, modulo).
#[must_use]
pub fn spring_partition(key: &str, count: NonZeroU32) -> u32 {
    let hash = java_string_hash(key).checked_abs().unwrap_or(0);
    hash.unsigned_abs() % count
}

/// The lane of a key: [MurmurHash64A](https://github.com/aappleby/smhasher), eight bytes a step,
/// because it runs once per message. Two keys of one hash share a lane and lose nothing but
/// parallelism.
#[must_use]
pub fn lane_of(key: &[u8]) -> u64 {
    murmur64a(key, 0)
}

/// `org.apache.kafka.common.utils.Utils.murmur2`, whose `int` is the same bits.
#[must_use]
pub fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    let mix = |k: u32| {
        let k = k.wrapping_mul(M);
        (k ^ (k >> 24)).wrapping_mul(M)
    };
    // Java's length is an `int`; longer keys do not exist there.
    let mut hash = SEED ^ data.len() as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        hash = hash.wrapping_mul(M) ^ mix(u32::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// `org.apache.kafka.common.utils.Utils.toPositive`: without the sign bit.
#[must_use]
pub const fn to_positive(hash: u32) -> u32 {
    hash & 0x7fff_ffff
}

/// `java.lang.String.hashCode`, which goes over UTF-16 units.
#[must_use]
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

fn murmur64a(data: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let mix = |k: u64| {
        let k = k.wrapping_mul(M);
        (k ^ (k >> 47)).wrapping_mul(M)
    };
    let mut hash = seed ^ (data.len() as u64).wrapping_mul(M);
    let (words, rest) = data.as_chunks::<8>();
    for word in words {
        hash = (hash ^ mix(u64::from_le_bytes(*word))).wrapping_mul(M);
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u64::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 47)).wrapping_mul(M);
    hash ^ (hash >> 47)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).unwrap()
    }

    /// The vectors of Kafka's own `UtilsTest.testMurmur2`.
    #[test]
    fn murmur2_agrees_with_kafka() {
        let vectors: [(&[u8], i32); 6] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key) as i32, hash, "{}", key.escape_ascii());
        }
        assert_eq!(kafka_partition(b"21", count(7)), (-973_932_308_i32 as u32 & 0x7fff_ffff) % 7);
    }

    /// `String.hashCode` as its documentation defines it; the last one is the well-known text
    /// whose hash is `Integer.MIN_VALUE`.
    #[test]
    fn string_hash_agrees_with_java() {
        let vectors = [
            ("", 0),
            ("a", 97),
            ("hello", 99_162_322),
            ("Aa", 2112),
            ("BB", 2112),
            ("\u{1f600}", 0xd83d * 31 + 0xde00),
            ("polygenelubricants", i32::MIN),
        ];
        for (text, hash) in vectors {
            assert_eq!(java_string_hash(text), hash, "{text}");
        }
        assert_eq!(spring_partition("polygenelubricants", count(5)), 0);
        assert_eq!(spring_partition("a", count(2)), 1);
    }

    /// SMHasher's verification value for MurmurHash64A: the hash of the hashes of 0 to 255 bytes.
    #[test]
    fn lane_hash_agrees_with_smhasher() {
        let bytes: Vec<u8> = (0..=255).collect();
        let hashes: Vec<u8> = (0..256_usize)
            .flat_map(|n| murmur64a(&bytes[..n], 256 - n as u64).to_le_bytes())
            .collect();
        assert_eq!(murmur64a(&hashes, 0) as u32, 0x1f0d_3804);
    }
}
