//! One delivery while it is ours.

use binder_core::logic::attempts::Attempts;
use binder_core::message as wire;
use binder_core::{Delivery, Destination, Tag};

use crate::runtime::origins::Origins;

/// What is known about one delivery.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Tells this delivery from an earlier one at the same index, and one feeding of a stream
    /// function from the next.
    pub(crate) serial: u32,
    /// The message; a lane task has it while it runs.
    pub(crate) message: Option<wire::Message>,
    pub(crate) tag: Tag,
    /// Where it was first read, of a message that has waited at the broker.
    pub(crate) first: Option<Box<Tag>>,
    pub(crate) size: usize,
    pub(crate) lane: u64,
    /// When it came, in milliseconds since the flow began.
    pub(crate) at: u32,
    pub(crate) attempts: Attempts,
    /// Its partition was taken away: a failure gives it back instead of trying again.
    pub(crate) revoked: bool,
    /// It is started although its binding stops or its partition was taken away: others above it
    /// have started.
    pub(crate) finishing: bool,
    /// Its lane waits until it is settled.
    pub(crate) holds_lane: bool,
    /// Deliveries that were joined with this one and are settled with it.
    pub(crate) joined: Vec<u32>,
}

impl Entry {
    pub(crate) fn new(delivery: Delivery, lane: u64, serial: u32, at: u32) -> Self {
        Self {
            serial,
            size: delivery.message.size(),
            message: Some(delivery.message),
            tag: delivery.tag,
            first: None,
            lane,
            at,
            attempts: Attempts::new(delivery.earlier_attempts),
            revoked: false,
            finishing: false,
            holds_lane: false,
            joined: Vec::new(),
        }
    }

    /// Where it is from, and its place there.
    pub(crate) fn place<'a>(&self, origins: &'a Origins) -> (&'a Destination, Tag) {
        origins.of(self.tag, self.first.as_deref())
    }
}

/// A delivery on its way to the function.
#[derive(Debug)]
pub(crate) struct Item {
    /// Its entry.
    pub(crate) index: u32,
    pub(crate) serial: u32,
    pub(crate) message: wire::Message,
    pub(crate) tag: Tag,
    /// Where it was first read, of a message that has waited at the broker.
    pub(crate) first: Option<Box<Tag>>,
    pub(crate) attempt: u32,
}

impl Item {
    /// Where it is from, and its place there.
    pub(crate) fn place<'a>(&self, origins: &'a Origins) -> (&'a Destination, Tag) {
        origins.of(self.tag, self.first.as_deref())
    }
}

/// An entry as it was when something was sent or fed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    pub(crate) index: u32,
    pub(crate) serial: u32,
}

impl Source {
    /// As the id of a token.
    pub(crate) const fn id(self) -> u64 {
        (self.serial as u64) << 32 | self.index as u64
    }

    /// From the id of a token.
    pub(crate) const fn from_id(id: u64) -> Self {
        Self { index: id as u32, serial: (id >> 32) as u32 }
    }
}
