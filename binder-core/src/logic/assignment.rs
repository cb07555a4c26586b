//! Which partitions an instance reads where the broker assigns none.
//!
//! # Laws
//!
//! 1. Every partition has exactly one owner among the instances.
//! 2. The shares of two instances differ by at most one partition.
//! 3. A partition keeps its owner when partitions are added.

use crate::spec::Instance;

/// Whether that instance reads a partition: partition `p` is read by instance `p mod count`, as
/// Spring Cloud Stream has it.
#[must_use]
pub fn owns(instance: Instance, partition: u32) -> bool {
    partition % instance.count == instance.index
}

/// The partitions below `partitions` that an instance reads, in ascending order.
pub fn share(instance: Instance, partitions: u32) -> impl Iterator<Item = u32> {
    (0..partitions).filter(move |partition| owns(instance, *partition))
}
