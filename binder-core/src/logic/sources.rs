//! The partitions of several sources as the partitions of one input.
//!
//! # Laws
//!
//! 1. [`join`](Sources::join) and [`split`](Sources::split) are each other's inverse: no two
//!    partitions of any sources become one, and every number splits.
//! 2. With one source both leave a number as it is.
//! 3. The [shares](Sources::share) of a limit add up to it, differ by at most one, and none is
//!    zero; a limit that is too small for that gives each source 1.

use std::num::NonZeroU32;

use crate::spec::Limit;

/// How many sources an input has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources(NonZeroU32);

impl Sources {
    /// One source.
    pub const ONE: Self = Self(NonZeroU32::MIN);

    /// So many sources; none counts as one.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self(u32::try_from(count).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN))
    }

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> usize {
        self.0.get() as usize
    }

    /// The number by which the input knows a partition of a source; `None` where it does not fit,
    /// which takes a partition above [`u32::MAX`] divided by the number of sources.
    #[must_use]
    pub fn join(self, source: usize, partition: u32) -> Option<u32> {
        let source = u32::try_from(source).ok().filter(|source| *source < self.0.get())?;
        partition.checked_mul(self.0.get())?.checked_add(source)
    }

    /// The source and its own partition.
    #[must_use]
    pub const fn split(self, joined: u32) -> (usize, u32) {
        match self.0.get() {
            1 => (0, joined),
            count => ((joined % count) as usize, joined / count),
        }
    }

    /// What one source may have of a limit.
    #[must_use]
    pub fn share(self, limit: Limit, source: usize) -> Limit {
        let count = self.count();
        let share = |whole: usize| (whole / count + usize::from(source < whole % count)).max(1);
        Limit { messages: share(limit.messages), bytes: share(limit.bytes) }
    }
}
