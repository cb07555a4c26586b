//! The figures that bound everything here, in one place.

use binder_core::Limit;

/// How many partitions a destination gets when nobody says.
pub(crate) const PARTITIONS: u32 = 8;

/// The most partitions a destination may be created with; each costs memory whether used or not.
pub(crate) const MAX_PARTITIONS: u32 = 10_000;

/// What a partition holds for its groups before publishing waits.
pub(crate) const PARTITION: Limit = Limit { messages: 10_000, bytes: 64 << 20 };

/// How many messages a partition keeps that no durable group has asked for.
pub(crate) const UNCLAIMED: usize = 1_000;

/// What a member may hold unsettled when its binding does not say.
pub(crate) const IN_FLIGHT: Limit = Limit { messages: 1_024, bytes: 64 << 20 };

/// The group that stores what nobody has read of a dead-letter destination.
pub(crate) const DEAD_LETTER_GROUP: &str = "dlq";

/// The name of this kind of binder in errors.
pub(crate) const KIND: &str = "memory";
