//! How far a group has read one partition, and who reads it.

use std::time::Instant;

use binder_core::Settlement;
use binder_core::logic::watermark::Watermark;

use crate::member::MemberId;

/// The position of a group in one partition.
#[derive(Debug)]
pub(crate) struct Cursor {
    /// Counts the owners; a settlement with another epoch is late.
    pub(crate) epoch: u32,
    /// Who reads the partition, also while it is being taken away.
    pub(crate) owner: Option<MemberId>,
    /// When a partition that is being taken away goes over at the latest.
    pub(crate) drain_until: Option<Instant>,
    /// Everything below is settled.
    committed: u64,
    /// What the next delivery will be.
    next: u64,
    /// What of the current epoch was delivered and settled.
    watermark: Watermark,
    /// Where the owner's account stands; below `committed` only within a batch of settlements.
    counted: u64,
}

impl Cursor {
    /// A cursor that nobody owns.
    pub(crate) fn new(position: u64) -> Self {
        Self {
            epoch: 0,
            owner: None,
            drain_until: None,
            committed: position,
            next: position,
            watermark: Watermark::new(),
            counted: position,
        }
    }

    /// Everything below is settled.
    pub(crate) fn committed(&self) -> u64 {
        self.committed
    }

    /// What the next delivery will be.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Whether something delivered in this epoch is neither settled nor released.
    pub(crate) fn is_busy(&self) -> bool {
        self.watermark.in_progress() > 0
    }

    /// Whether it is being taken away from its owner and may go over now.
    pub(crate) fn is_drained(&self, now: Instant) -> bool {
        self.drain_until.is_some_and(|until| !self.is_busy() || until <= now)
    }

    /// Whether settlements of that member and epoch count.
    pub(crate) fn belongs_to(&self, member: MemberId, epoch: u32) -> bool {
        self.owner == Some(member) && self.epoch == epoch
    }

    /// Notes a delivery and gives its sequence.
    pub(crate) fn deliver(&mut self) -> u64 {
        let sequence = self.next;
        self.watermark.deliver(sequence);
        self.next += 1;
        sequence
    }

    /// Notes a settlement; false if that delivery is not in progress.
    pub(crate) fn settle(&mut self, sequence: u64, settlement: Settlement) -> bool {
        // Whatever else a runtime may say, only `Ack` lets go of a message.
        let known = match settlement {
            Settlement::Ack => self.watermark.settle(sequence),
            _ => self.watermark.release(sequence),
        };
        if let Some(committable) = self.watermark.committable() {
            self.committed = committable;
        }
        known
    }

    /// Everything below is settled by somebody who is no member; nothing happens to a partition
    /// that has an owner, or to what is settled already.
    pub(crate) fn advance(&mut self, position: u64) {
        if self.owner.is_none() && position > self.committed {
            self.committed = position;
            self.next = position;
            self.counted = position;
        }
    }

    /// What the owner has put down since the last call: the sequences from the first to, but not
    /// with, the second.
    pub(crate) fn put_down(&mut self) -> (u64, u64) {
        (std::mem::replace(&mut self.counted, self.committed), self.committed)
    }

    /// Begins a new epoch at the first message that is not settled; gives what the old owner still
    /// had on its account.
    pub(crate) fn hand_to(&mut self, owner: Option<MemberId>) -> (u64, u64) {
        let held = (self.counted, self.next);
        self.owner = owner;
        self.epoch = self.epoch.wrapping_add(1);
        self.drain_until = None;
        self.next = self.committed;
        self.counted = self.committed;
        self.watermark = Watermark::new();
        held
    }
}
