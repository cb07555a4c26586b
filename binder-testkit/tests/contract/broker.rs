//! A broker of the simplest kind, with a place for every fault: partitioned logs, read by groups.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::task::Waker;

use binder_core::binder::Partition;
use binder_core::{Delivery, Limit, Message, Room, Settlement, Start, Tag};

use crate::fault::Fault;

const PARTITIONS: usize = 4;
const MOST: NonZeroU32 = NonZeroU32::new(PARTITIONS as u32).expect("not zero");

#[derive(Default)]
pub(crate) struct Broker {
    pub(crate) topics: BTreeMap<String, Topic>,
    pub(crate) next_member: u64,
}

#[derive(Default)]
pub(crate) struct Topic {
    logs: [Vec<Message>; PARTITIONS],
    pub(crate) groups: BTreeMap<String, Group>,
    published: usize,
    /// What it has: messages go to these.
    pub(crate) partition_count: Option<NonZeroU32>,
    /// What it had first.
    born: Option<NonZeroU32>,
    wakers: Vec<Waker>,
}

#[derive(Default)]
pub(crate) struct Group {
    pub(crate) members: Vec<u64>,
    lanes: [Lane; PARTITIONS],
    revoked: BTreeMap<u64, Vec<Partition>>,
}

#[derive(Default)]
struct Lane {
    epoch: u32,
    owner: Option<u64>,
    /// It goes to another member once nothing of it is out.
    moving: bool,
    next: usize,
    /// Everything before it is of no concern to the group.
    start: usize,
    acked: BTreeSet<usize>,
    out: BTreeSet<usize>,
    /// Copies that a second member was given, for the fault that does so.
    copied: BTreeMap<u64, usize>,
}

impl Topic {
    pub(crate) fn wait(&mut self, waker: &Waker) {
        self.wakers.push(waker.clone());
    }

    pub(crate) fn wake(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.wakers)
    }

    pub(crate) fn append(&mut self, fault: Fault, mut message: Message) {
        fault.garble(&mut message);
        self.published += 1;
        let seventh = self.published.is_multiple_of(7);
        if seventh && fault == Fault::DropsEverySeventh {
            return;
        }
        let sum: usize = message.key.iter().flatten().map(|&byte| usize::from(byte)).sum();
        let count = self.partition_count.unwrap_or(MOST);
        let born = *self.born.get_or_insert(count);
        let there = match fault {
            Fault::GrowsInName => born,
            _ => count,
        };
        let partition = match fault {
            Fault::OnePartition => 0,
            Fault::ScattersKeys => self.published / 7 % PARTITIONS,
            _ => sum % PARTITIONS.min(there.get() as usize),
        };
        let first = self.logs[partition].is_empty() && partition >= born.get() as usize;
        if first && fault == Fault::MissesTheBeginning {
            for group in self.groups.values_mut() {
                (group.lanes[partition].start, group.lanes[partition].next) = (1, 1);
            }
        }
        let log = &mut self.logs[partition];
        log.push(message.clone());
        let last = log.len() - 1;
        if seventh && fault == Fault::DoublesEverySeventh {
            log.push(message);
        } else if seventh && fault == Fault::Reorders && last > 0 {
            // Only of one key: order between keys is nobody's.
            if let Some(other) = (0..last).rev().find(|&other| log[other].key == log[last].key) {
                log.swap(other, last);
            }
        }
    }

    /// What a group that has no members has not settled, behind what was read of each partition.
    pub(crate) fn unsettled(&self, group: &str, read: &[u64]) -> Vec<Delivery> {
        let Some(group) = self.groups.get(group) else { return Vec::new() };
        let mut all = Vec::new();
        for (number, (lane, log)) in group.lanes.iter().zip(&self.logs).enumerate() {
            let from = read.get(number).map_or(lane.start, |read| *read as usize);
            let left = (from..log.len()).filter(|sequence| !lane.acked.contains(sequence));
            all.extend(left.map(|sequence| delivery(&log[sequence], 0, number, sequence)));
        }
        all
    }

    /// Settles for a group that has no members.
    pub(crate) fn settle(&mut self, group: &str, fault: Fault, letters: &[Tag]) {
        let Some(group) = self.groups.get_mut(group) else { return };
        for tag in letters.iter().filter(|_| fault != Fault::RecordsNoAcks) {
            group.lanes[tag.partition as usize].acked.insert(tag.sequence as usize);
        }
    }

    /// The group of that name, which begins now if there is none.
    pub(crate) fn ensure_group(&mut self, name: &str, start: Start, log: bool, fault: Fault) {
        if self.groups.contains_key(name) {
            return;
        }
        let earliest = match fault {
            Fault::StartsAtEarliest => true,
            Fault::StartsAtLatest => false,
            _ => log && start == Start::Earliest,
        };
        let mut group = Group::default();
        for (lane, log) in group.lanes.iter_mut().zip(&self.logs) {
            lane.start = if earliest { 0 } else { log.len() };
            lane.next = lane.start;
        }
        self.groups.insert(name.to_owned(), group);
    }
}

impl Group {
    /// Gives partitions to members in turn; one that changes hands begins a new epoch.
    pub(crate) fn share(&mut self, fault: Fault) {
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            let one = matches!(fault, Fault::FeedsOneMember | Fault::KeepsTheDropped);
            let turn = if one { 0 } else { number };
            let member = turn.checked_rem(self.members.len()).map(|turn| self.members[turn]);
            if lane.owner == member {
                continue;
            }
            if let Some(old) = lane.owner.filter(|old| self.members.contains(old)) {
                let partition = Partition { epoch: lane.epoch, partition: number as u32 };
                if !lane.moving {
                    self.revoked.entry(old).or_default().push(partition);
                }
                lane.moving = !lane.out.is_empty() && fault != Fault::TakesAtOnce;
                if lane.moving {
                    continue;
                }
            }
            lane.moving = false;
            lane.owner = member;
            lane.epoch += 1;
            lane.out.clear();
            lane.next = lane.start;
        }
    }

    pub(crate) fn revoked(&mut self, member: u64) -> Option<Vec<Partition>> {
        self.revoked.remove(&member)
    }

    fn unsettled(&self, member: u64) -> usize {
        let own = self.lanes.iter().filter(|lane| lane.owner == Some(member));
        own.map(|lane| lane.out.len()).sum()
    }

    /// The bytes that a member has not settled.
    fn held(&self, logs: &[Vec<Message>; PARTITIONS], member: u64) -> usize {
        let own = self.lanes.iter().zip(logs).filter(|(lane, _)| lane.owner == Some(member));
        own.flat_map(|(lane, log)| lane.out.iter().map(|&out| log[out].size())).sum()
    }

    /// Forgets what members have not settled, as no binder may when a connection ends.
    pub(crate) fn forget(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.acked.append(&mut lane.out));
    }

    /// Hands over what fits, and says whether that was anything.
    pub(crate) fn deliver(
        topic: &mut Topic,
        group: &str,
        member: u64,
        (room, limit): (Room, Limit),
        fault: Fault,
        batch: &mut Vec<Delivery>,
    ) -> bool {
        let (logs, Some(group)) = (&topic.logs, topic.groups.get_mut(group)) else { return false };
        let mut free = limit.messages.saturating_sub(group.unsettled(member));
        if fault == Fault::HasNoLimit {
            free = usize::MAX;
        }
        let room = match fault {
            Fault::IgnoresRoom => Room { messages: room.messages + 1, ..room },
            Fault::IgnoresBytes => Room { bytes: usize::MAX, ..room },
            _ => room,
        };
        let (most, mut bytes, before) = (free.min(room.messages), 0, batch.len());
        let mut held: usize = group.held(logs, member);
        let may_hold = if fault == Fault::HasNoByteLimit { usize::MAX } else { limit.bytes };
        let born = topic.born.map_or(PARTITIONS, |born| born.get() as usize);
        for (number, lane) in group.lanes.iter_mut().enumerate() {
            if fault == Fault::ReadsNoNewPartitions && number >= born {
                continue;
            }
            if lane.owner != Some(member) {
                lane.copy(fault, member, &logs[number], (number, most), batch);
                continue;
            }
            while !lane.moving
                && batch.len() - before < most
                && let Some(message) = logs[number].get(lane.next)
            {
                let first = batch.len() == before;
                bytes += message.size();
                let full = held > 0 && held + message.size() > may_hold;
                if full || !first && bytes > room.bytes {
                    break;
                }
                held += message.size();
                let sequence = lane.next;
                lane.next += 1;
                if lane.acked.contains(&sequence) {
                    continue;
                }
                lane.out.insert(sequence);
                batch.push(delivery(message, lane.epoch, number, sequence));
            }
        }
        batch.len() > before
    }

    pub(crate) fn settle(&mut self, member: u64, fault: Fault, settled: &[(Tag, Settlement)]) {
        for (tag, settlement) in settled {
            let lane = &mut self.lanes[tag.partition as usize];
            let in_time = lane.owner == Some(member) && lane.epoch == tag.epoch;
            if !in_time && fault != Fault::TakesLateSettlements {
                continue;
            }
            let sequence = tag.sequence as usize;
            if fault != Fault::Stops {
                lane.out.remove(&sequence);
            }
            if fault == Fault::ForgetsUnsettled {
                lane.out.clear();
            }
            if *settlement == Settlement::Ack || fault == Fault::ReleaseAcks {
                match fault {
                    Fault::RecordsNoAcks => {}
                    Fault::AcksAllBelow => lane.acked.extend(lane.start..=sequence),
                    _ => {
                        lane.acked.insert(sequence);
                    }
                }
            }
        }
        if self.lanes.iter().any(|lane| lane.moving && lane.out.is_empty()) {
            self.share(fault);
        }
    }

    pub(crate) fn leave(&mut self, member: u64, fault: Fault) {
        if fault == Fault::ClosingAcks {
            for lane in self.lanes.iter_mut().filter(|lane| lane.owner == Some(member)) {
                lane.acked.append(&mut lane.out);
            }
        }
        self.members.retain(|&other| other != member);
        self.share(fault);
    }
}

impl Lane {
    /// Gives a member what another one reads, if that is the fault.
    fn copy(
        &mut self,
        fault: Fault,
        member: u64,
        log: &[Message],
        (number, most): (usize, usize),
        batch: &mut Vec<Delivery>,
    ) {
        let next = self.copied.entry(member).or_insert(self.start);
        while fault == Fault::CopiesToMembers
            && batch.len() < most
            && let Some(message) = log.get(*next)
        {
            batch.push(delivery(message, self.epoch, number, *next));
            *next += 1;
        }
    }
}

fn delivery(message: &Message, epoch: u32, number: usize, sequence: usize) -> Delivery {
    let tag = Tag { epoch, partition: number as u32, sequence: sequence as u64 };
    Delivery { message: message.clone(), tag, earlier_attempts: 0 }
}
