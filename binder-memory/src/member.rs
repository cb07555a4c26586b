//! One reader of a group: what it owns, what it holds and what it has yet to be told.

use std::task::Waker;
use std::time::Duration;

use binder_core::binder::Partition;
use binder_core::{Limit, Room};

/// Longer than any drain; keeps the sum of a time and a drain within what a clock can say.
const EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Identifies a member among all that a destination ever had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MemberId(pub(crate) u64);

/// A member of a group.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: MemberId,
    /// How much it may hold that is delivered and below no watermark.
    limit: Limit,
    /// How long a partition taken from it may go on being worked on.
    pub(crate) drain: Duration,
    held: Limit,
    /// The partitions it owns, in ascending order.
    pub(crate) owned: Vec<u32>,
    /// Where in `owned` the next poll begins, so that no partition starves another.
    pub(crate) turn: usize,
    /// Whether it has been told that it is assigned.
    pub(crate) told: bool,
    /// Partitions being taken away that it has not been told of.
    pub(crate) revoked: Vec<Partition>,
    /// Whether its last poll found a message that its limit keeps back.
    pub(crate) blocked: bool,
    /// Set while its last poll was pending.
    pub(crate) waker: Option<Waker>,
}

impl Member {
    /// A member that owns nothing yet.
    pub(crate) fn new(id: MemberId, limit: Limit, drain: Duration) -> Self {
        Self {
            id,
            // A limit of no message would be a binding that never reads.
            limit: Limit { messages: limit.messages.max(1), bytes: limit.bytes },
            drain: drain.min(EVER),
            held: Limit { messages: 0, bytes: 0 },
            owned: Vec::new(),
            turn: 0,
            told: false,
            revoked: Vec::new(),
            blocked: false,
            waker: None,
        }
    }

    /// Adds a partition to those it owns.
    pub(crate) fn gain(&mut self, partition: u32) {
        if let Err(place) = self.owned.binary_search(&partition) {
            self.owned.insert(place, partition);
        }
    }

    /// Removes a partition, with the messages of it that it still held.
    pub(crate) fn lose(&mut self, partition: u32, messages: usize, bytes: usize) {
        if let Ok(place) = self.owned.binary_search(&partition) {
            self.owned.remove(place);
        }
        self.put_down(messages, bytes);
    }

    /// Counts a delivery against the limit.
    pub(crate) fn pick_up(&mut self, bytes: usize) {
        self.held.messages += 1;
        self.held.bytes += bytes;
    }

    /// Counts messages that the watermark has passed.
    pub(crate) fn put_down(&mut self, messages: usize, bytes: usize) {
        self.held.messages = self.held.messages.saturating_sub(messages);
        self.held.bytes = self.held.bytes.saturating_sub(bytes);
    }

    /// How many more messages it may hold.
    pub(crate) fn free(&self) -> usize {
        self.limit.messages.saturating_sub(self.held.messages)
    }

    /// Whether a message of `size` bytes may be delivered when `room` is left and `taken` were
    /// delivered in this call. One that is too large for a limit is delivered when it is alone.
    pub(crate) fn takes(&self, size: usize, room: Room, taken: usize) -> bool {
        let fits = self.held.bytes.saturating_add(size) <= self.limit.bytes;
        self.free() > 0
            && room.messages > 0
            && (fits || self.held.messages == 0)
            && (size <= room.bytes || taken == 0)
    }
}
