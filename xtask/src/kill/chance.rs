//! Random moments that can be had again: SplitMix64 from a printed seed.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// A sequence of numbers that a seed determines.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed that nobody chose.
    pub(crate) fn seed() -> u64 {
        RandomState::new().hash_one("seed") % 1_000_000
    }

    /// Evenly from `0..limit`, as far as it matters here.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }

    /// A time up to `most`.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.below(most.as_micros() as u64 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_moments_again() {
        let moments = |seed| {
            let mut chance = Chance::new(seed);
            (0..20).map(|_| chance.up_to(Duration::from_secs(1))).collect::<Vec<_>>()
        };
        assert_eq!(moments(7), moments(7));
        assert_ne!(moments(7), moments(8));
        assert!(moments(7).iter().all(|moment| *moment <= Duration::from_secs(1)));
    }
}
