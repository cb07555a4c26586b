//! The messages of one scripted input and what became of each: plain state, no lock, no waker.

use std::collections::VecDeque;

use binder_core::spec::Limit;
use binder_core::{Delivery, Message, Room, Settlement, Tag};

/// The state of one message, found by its place in the log.
#[derive(Debug)]
struct Entry {
    message: Message,
    tag: Tag,
    earlier_attempts: u32,
    delivered: bool,
}

#[derive(Debug, Default)]
struct Lane {
    epoch: u32,
    revoked: bool,
    /// Place in the log of each sequence.
    places: Vec<usize>,
    acked: Vec<bool>,
}

/// A log of messages over partitions, which remembers what is unsettled.
#[derive(Debug)]
pub(super) struct Feed {
    log: Vec<Entry>,
    lanes: Vec<Lane>,
    /// Places in the log that may be delivered, ascending.
    ready: VecDeque<usize>,
    next_lane: usize,
    settlements: Vec<(Tag, Settlement)>,
    unsettled: usize,
    unsettled_bytes: usize,
    max_unsettled: usize,
    late: usize,
}

impl Feed {
    pub(super) fn new() -> Self {
        let mut feed = Self {
            log: Vec::new(),
            lanes: Vec::new(),
            ready: VecDeque::new(),
            next_lane: 0,
            settlements: Vec::new(),
            unsettled: 0,
            unsettled_bytes: 0,
            max_unsettled: 0,
            late: 0,
        };
        feed.partitions(1);
        feed
    }

    /// Makes sure that there are `count` partitions, among which `push` goes round.
    pub(super) fn partitions(&mut self, count: u32) {
        while self.lanes.len() < count as usize {
            self.lanes.push(Lane { epoch: 1, ..Lane::default() });
        }
    }

    /// Makes room, so that nothing is allocated while messages run.
    pub(super) fn reserve(&mut self, messages: usize) {
        self.log.reserve(messages);
        self.ready.reserve(messages);
        self.settlements.reserve(messages);
        let share = messages / self.lanes.len() + 1;
        for lane in &mut self.lanes {
            lane.places.reserve(share);
            lane.acked.reserve(share);
        }
    }

    /// Appends to the next partition in turn.
    pub(super) fn push(&mut self, message: Message, earlier_attempts: u32) {
        let partition = self.next_lane % self.lanes.len();
        self.next_lane = partition + 1;
        self.push_to(partition, message, earlier_attempts);
    }

    /// Appends to one partition, which is made if it does not exist.
    pub(super) fn push_to(&mut self, partition: usize, message: Message, earlier_attempts: u32) {
        let number = u32::try_from(partition).unwrap_or(u32::MAX);
        self.partitions(number.saturating_add(1));
        // A payload made of a vector allocates at its first clone: here, not while messages run.
        drop(message.clone());
        let place = self.log.len();
        let lane = &mut self.lanes[partition];
        let sequence = lane.places.len() as u64;
        lane.places.push(place);
        lane.acked.push(false);
        let tag = Tag { epoch: 0, partition: number, sequence };
        self.log.push(Entry { message, tag, earlier_attempts, delivered: false });
        if !lane.revoked {
            self.ready.push_back(place);
        }
        // One more settlement can come than were delivered once, if something is released.
        self.settlements.reserve(1);
    }

    /// Hands over what fits, and says whether that was anything.
    pub(super) fn deliver(
        &mut self,
        room: Room,
        max_batch: usize,
        limit: Limit,
        batch: &mut Vec<Delivery>,
    ) -> bool {
        let most = room.messages.min(max_batch).min(limit.messages.saturating_sub(self.unsettled));
        let mut bytes = 0;
        let mut taken = 0;
        while taken < most {
            let Some(&place) = self.ready.front() else { break };
            let entry = &mut self.log[place];
            let size = entry.message.size();
            let fits_room = taken == 0 || bytes + size <= room.bytes;
            let fits_limit = self.unsettled == 0 || self.unsettled_bytes + size <= limit.bytes;
            if !fits_room || !fits_limit {
                break;
            }
            self.ready.pop_front();
            entry.tag.epoch = self.lanes[entry.tag.partition as usize].epoch;
            entry.delivered = true;
            batch.push(Delivery {
                message: entry.message.clone(),
                tag: entry.tag,
                earlier_attempts: entry.earlier_attempts,
            });
            bytes += size;
            taken += 1;
            self.unsettled += 1;
            self.unsettled_bytes += size;
        }
        self.max_unsettled = self.max_unsettled.max(self.unsettled);
        taken > 0
    }

    /// Whether the limit leaves room for the next message, or there is none.
    pub(super) fn has_room(&self, limit: Limit) -> bool {
        let Some(&place) = self.ready.front() else { return true };
        let fits = self.unsettled_bytes + self.log[place].message.size() <= limit.bytes;
        self.unsettled == 0 || (self.unsettled < limit.messages && fits)
    }

    /// Notes one settlement; a released message may be delivered again.
    pub(super) fn settle(&mut self, tag: Tag, settlement: Settlement, closed: bool) {
        let place = self
            .lanes
            .get(tag.partition as usize)
            .and_then(|lane| lane.places.get(usize::try_from(tag.sequence).ok()?).copied());
        let in_time = |&place: &usize| {
            let entry: &Entry = &self.log[place];
            !closed && entry.delivered && entry.tag == tag
        };
        let Some(place) = place.filter(in_time) else {
            self.late += 1;
            return;
        };
        self.settlements.push((tag, settlement));
        self.take_back(place);
        let lane = &mut self.lanes[tag.partition as usize];
        if settlement == Settlement::Ack {
            lane.acked[tag.sequence as usize] = true;
            self.log[place].message = Message::default();
        } else if !lane.revoked {
            self.make_ready(place);
        }
    }

    /// Takes a partition away and tells the epoch that ends; `None` if it is away already.
    pub(super) fn revoke(&mut self, partition: u32) -> Option<u32> {
        let lane = self.lanes.get_mut(partition as usize).filter(|lane| !lane.revoked)?;
        lane.revoked = true;
        let epoch = lane.epoch;
        let log = &self.log;
        self.ready.retain(|&place| log[place].tag.partition != partition);
        Some(epoch)
    }

    /// Gives a revoked partition back in a new epoch: what is not acknowledged comes again.
    pub(super) fn give_back(&mut self, partition: u32) {
        if self.lanes.get(partition as usize).is_some_and(|lane| lane.revoked) {
            self.restart(partition as usize);
        }
    }

    /// A new subscription: new epochs, and all that is not acknowledged comes again.
    pub(super) fn restart_all(&mut self) {
        for partition in 0..self.lanes.len() {
            self.restart(partition);
        }
    }

    fn restart(&mut self, partition: usize) {
        self.lanes[partition].epoch += 1;
        self.lanes[partition].revoked = false;
        for sequence in 0..self.lanes[partition].places.len() {
            if self.lanes[partition].acked[sequence] {
                continue;
            }
            let place = self.lanes[partition].places[sequence];
            if self.log[place].delivered {
                self.take_back(place);
            }
            self.make_ready(place);
        }
    }

    fn take_back(&mut self, place: usize) {
        self.log[place].delivered = false;
        self.unsettled -= 1;
        self.unsettled_bytes -= self.log[place].message.size();
    }

    fn make_ready(&mut self, place: usize) {
        let at = self.ready.partition_point(|&other| other < place);
        if self.ready.get(at) != Some(&place) {
            self.ready.insert(at, place);
        }
    }

    pub(super) fn settlements(&self) -> &[(Tag, Settlement)] {
        &self.settlements
    }

    pub(super) fn unsettled(&self) -> usize {
        self.unsettled
    }

    pub(super) fn max_unsettled(&self) -> usize {
        self.max_unsettled
    }

    pub(super) fn late(&self) -> usize {
        self.late
    }

    /// The first sequence of a partition below which everything is acknowledged.
    pub(super) fn committed(&self, partition: u32) -> u64 {
        self.lanes
            .get(partition as usize)
            .map_or(0, |lane| lane.acked.iter().take_while(|&&acked| acked).count() as u64)
    }
}
