//! What is delivered, settled and committed of each partition. Pure.

use std::collections::VecDeque;

use binder_core::binder::Partition;
use binder_core::logic::watermark::Watermark;
use binder_core::{Limit, Settlement, Tag};

/// The partitions of one subscription.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    trackers: Vec<Option<Tracker>>,
    /// How often each partition was assigned.
    epochs: Vec<u32>,
    messages: usize,
    bytes: usize,
    late: u64,
    /// Something was released since the last look found nothing to read again.
    released: bool,
}

/// One partition in one epoch.
#[derive(Debug)]
struct Tracker {
    epoch: u32,
    watermark: Watermark,
    /// Position and size of what is delivered and not committed.
    held: VecDeque<(u64, usize)>,
    /// What may be committed, exclusive.
    settled_to: u64,
    /// What is committed, exclusive.
    committed_to: u64,
    released: bool,
}

impl Partitions {
    /// Begins a new epoch of a partition.
    pub(crate) fn assign(&mut self, partition: u32) -> u32 {
        self.unassign(partition);
        let index = index(partition);
        if self.trackers.len() <= index {
            self.trackers.resize_with(index + 1, || None);
            self.epochs.resize(index + 1, 0);
        }
        self.epochs[index] = self.epochs[index].wrapping_add(1);
        let epoch = self.epochs[index];
        self.trackers[index] = Some(Tracker {
            epoch,
            watermark: Watermark::new(),
            held: VecDeque::new(),
            settled_to: 0,
            committed_to: 0,
            released: false,
        });
        epoch
    }

    /// Forgets a partition; what it held counts no longer.
    pub(crate) fn unassign(&mut self, partition: u32) {
        if let Some(gone) = self.trackers.get_mut(index(partition)).and_then(Option::take) {
            self.messages -= gone.held.len();
            self.bytes -= gone.held.iter().map(|(_, size)| size).sum::<usize>();
        }
    }

    /// Counts a delivery and gives its epoch; `None` for what is no longer ours or came before.
    pub(crate) fn deliver(&mut self, partition: u32, offset: u64, size: usize) -> Option<u32> {
        let tracker = self.tracker(partition)?;
        if !tracker.watermark.deliver(offset) {
            return None;
        }
        tracker.held.push_back((offset, size));
        let epoch = tracker.epoch;
        self.messages += 1;
        self.bytes += size;
        Some(epoch)
    }

    /// Records a settlement; false for one that is late.
    pub(crate) fn settle(&mut self, tag: Tag, settlement: Settlement) -> bool {
        let tracker = self.tracker(tag.partition).filter(|tracker| tracker.epoch == tag.epoch);
        let ack = settlement == Settlement::Ack;
        let known = tracker.is_some_and(|tracker| {
            if ack {
                return tracker.watermark.settle(tag.sequence);
            }
            let known = tracker.watermark.release(tag.sequence);
            tracker.released |= known;
            known
        });
        self.released |= known && !ack;
        self.late += u64::from(!known);
        known
    }

    /// How many settlements came too late so far.
    pub(crate) fn late(&self) -> u64 {
        self.late
    }

    /// The positions that may be committed and are not.
    pub(crate) fn uncommitted(&mut self) -> Vec<(u32, u64)> {
        let mut positions = Vec::new();
        for (partition, tracker) in (0..).zip(&mut self.trackers) {
            let Some(tracker) = tracker else { continue };
            if let Some(position) = tracker.watermark.committable() {
                tracker.settled_to = position;
            }
            if tracker.settled_to > tracker.committed_to {
                positions.push((partition, tracker.settled_to));
            }
        }
        positions
    }

    /// The broker has a position.
    pub(crate) fn committed(&mut self, partition: u32, position: u64) {
        let Some(tracker) = self.tracker(partition) else { return };
        tracker.committed_to = tracker.committed_to.max(position);
        let (mut messages, mut bytes) = (0, 0);
        while let Some((_, size)) = tracker.held.front().filter(|(held, _)| *held < position) {
            messages += 1;
            bytes += size;
            tracker.held.pop_front();
        }
        self.messages -= messages;
        self.bytes -= bytes;
    }

    /// How much more may be delivered.
    pub(crate) fn room(&self, limit: Limit) -> Limit {
        Limit {
            messages: limit.messages.saturating_sub(self.messages),
            bytes: limit.bytes.saturating_sub(self.bytes),
        }
    }

    /// Whether everything that was delivered is committed or gone.
    pub(crate) fn is_idle(&self) -> bool {
        self.messages == 0
    }

    /// Deliveries of these partitions that are neither settled nor released.
    pub(crate) fn in_progress(&self, partitions: &[u32]) -> usize {
        let trackers = partitions.iter().filter_map(|p| self.trackers.get(index(*p))?.as_ref());
        trackers.map(|tracker| tracker.watermark.in_progress()).sum()
    }

    /// These partitions with their epochs, as far as they are ours.
    pub(crate) fn epochs(&self, partitions: &[u32]) -> Vec<Partition> {
        let epoch = |p: &u32| Some(self.trackers.get(index(*p))?.as_ref()?.epoch);
        let known = partitions.iter().filter_map(|p| Some((*p, epoch(p)?)));
        known.map(|(partition, epoch)| Partition { epoch, partition }).collect()
    }

    /// Partitions where something was released and nothing is in progress any more, and where
    /// each has to be read again from.
    pub(crate) fn rewound(&mut self) -> Vec<(u32, u64)> {
        let mut ready = Vec::new();
        if !std::mem::take(&mut self.released) {
            return ready;
        }
        for (partition, tracker) in (0..).zip(&self.trackers) {
            let Some(tracker) = tracker.as_ref().filter(|tracker| tracker.released) else {
                continue;
            };
            self.released = true;
            let idle = tracker.watermark.in_progress() == 0;
            ready.extend(
                tracker.watermark.oldest_unsettled().filter(|_| idle).map(|at| (partition, at)),
            );
        }
        ready
    }

    fn tracker(&mut self, partition: u32) -> Option<&mut Tracker> {
        self.trackers.get_mut(index(partition))?.as_mut()
    }
}

fn index(partition: u32) -> usize {
    usize::try_from(partition).unwrap_or(usize::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { messages: 4, bytes: 100 };

    fn tag(epoch: u32, sequence: u64) -> Tag {
        Tag { epoch, partition: 2, sequence }
    }

    #[test]
    fn what_is_delivered_counts_until_it_is_committed() {
        let mut partitions = Partitions::default();
        assert_eq!(partitions.deliver(2, 10, 30), None, "not assigned");
        assert_eq!(partitions.assign(2), 1);
        for (offset, size) in [(10, 30), (12, 30), (13, 50)] {
            assert_eq!(partitions.deliver(2, offset, size), Some(1));
        }
        assert_eq!(partitions.deliver(2, 13, 1), None, "seen before");
        assert_eq!(partitions.room(LIMIT), Limit { messages: 1, bytes: 0 });
        assert!(partitions.settle(tag(1, 12), Settlement::Ack));
        assert!(partitions.uncommitted().is_empty());
        assert!(partitions.settle(tag(1, 10), Settlement::Ack));
        assert_eq!(partitions.uncommitted(), [(2, 13)]);
        assert_eq!(partitions.uncommitted(), [(2, 13)], "again, until it is committed");
        assert_eq!(partitions.room(LIMIT).messages, 1);
        partitions.committed(2, 13);
        assert!(partitions.uncommitted().is_empty());
        assert_eq!(partitions.room(LIMIT), Limit { messages: 3, bytes: 50 });
        partitions.unassign(2);
        assert_eq!(partitions.room(LIMIT), LIMIT);
    }

    #[test]
    fn an_old_epoch_is_late() {
        let mut partitions = Partitions::default();
        partitions.assign(2);
        partitions.deliver(2, 10, 1);
        partitions.assign(2);
        partitions.deliver(2, 10, 1);
        assert!(!partitions.settle(tag(1, 10), Settlement::Ack));
        assert_eq!(partitions.late(), 1);
        assert!(partitions.uncommitted().is_empty());
        assert_eq!(partitions.in_progress(&[2, 7]), 1);
        let now = Partition { epoch: 2, partition: 2 };
        assert_eq!(partitions.epochs(&[2, 7]), [now]);
    }

    #[test]
    fn a_released_message_is_read_again_when_the_others_are_through() {
        let mut partitions = Partitions::default();
        partitions.assign(2);
        for offset in 10..14 {
            partitions.deliver(2, offset, 1);
        }
        partitions.settle(tag(1, 10), Settlement::Ack);
        partitions.settle(tag(1, 11), Settlement::Release);
        partitions.settle(tag(1, 12), Settlement::Ack);
        assert!(partitions.rewound().is_empty(), "13 is in progress");
        partitions.settle(tag(1, 13), Settlement::Ack);
        assert_eq!(partitions.rewound(), [(2, 11)]);
        assert_eq!(partitions.uncommitted(), [(2, 11)]);
    }
}
