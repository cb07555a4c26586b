//! Where a message stands.

use std::fmt;

use binder_core::{Destination, Tag};

use super::call::Call;
use super::error::Result;
use super::extract::FromCall;
use super::state::Stateless;

/// Where a message stands, in the words of its binder. Prints as `orders/3@17`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    destination: Destination,
    tag: Tag,
}

impl Position {
    pub(crate) const fn new(destination: Destination, tag: Tag) -> Self {
        Self { destination, tag }
    }

    /// The destination it came from.
    #[must_use]
    pub const fn destination(&self) -> &Destination {
        &self.destination
    }

    /// The partition; 0 where the binder has none.
    #[must_use]
    pub const fn partition(&self) -> u32 {
        self.tag.partition
    }

    /// Kafka's offset, AMQP's delivery tag, the index in a memory log.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.tag.sequence
    }
}

impl FromCall for Position {
    type State = Stateless;

    fn from_call(call: &Call<'_>, _: Stateless) -> Result<Self> {
        Ok(Self::new(call.destination.clone(), call.tag))
    }
}

/// The destination that the message came from, of those which the input reads.
impl FromCall for Destination {
    type State = Stateless;

    fn from_call(call: &Call<'_>, _: Stateless) -> Result<Self> {
        Ok(call.destination.clone())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.destination, self.tag.partition, self.tag.sequence)
    }
}
