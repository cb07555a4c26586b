//! A hash for table keys that are one word each.

use std::hash::{BuildHasher, Hasher};

/// 2^64 divided by the golden ratio: odd, and without a pattern in its bits.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hashes a `u64` with one multiplication whose halves are folded together.
///
/// Lane keys are partition numbers or already hashes of message keys, so little is left to mix.
/// Two message keys that share a lane key lose parallelism and nothing else. Lane keys that fall
/// on one place of the table cost time: at most one look at every other lane per look-up, and
/// there are never more lanes than messages in flight. The seed makes such keys hard to choose.
#[derive(Clone, Copy, Debug)]
pub(super) struct WordHash {
    seed: u64,
}

impl WordHash {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed }
    }
}

impl BuildHasher for WordHash {
    type Hasher = Word;

    fn build_hasher(&self) -> Word {
        Word(self.seed)
    }
}

/// The state of a [`WordHash`].
#[derive(Debug)]
pub(super) struct Word(u64);

impl Hasher for Word {
    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(FACTOR);
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn small_numbers_and_numbers_from_the_top_spread() {
        let hash = WordHash::new(0);
        let keys = (0..1024_u64).chain(u64::MAX - 1023..=u64::MAX);
        let places: HashSet<u64> = keys.map(|key| hash.hash_one(key) % 4096).collect();
        // 2048 keys thrown at random on 4096 places hit 1612 different ones on average.
        assert!(places.len() > 1400, "{}", places.len());
    }
}
