//! Random programs of publishing, reading, settling, joining and leaving against a model.
//!
//! Messages are slices of one large buffer, so a partition is full with eight of them.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use binder_core::{
    ConsumerSpec, Delivery, Destination, Group, Incoming, Limit, Message, Room, Settlement,
};
use binder_memory::MemoryBinder;
use bytes::Bytes;
use common::{Reader, WIDE, Writer, backlog, bind, input, output, with_partitions, write};
use proptest::prelude::*;

const PARTITIONS: u32 = 3;
const GROUPS: [&str; 2] = ["a", "b"];
const MAX_IN_FLIGHT: usize = 5;
const SIZE: usize = 8 << 20;
/// How many of these messages fill the 64 MiB of a partition.
const FULL: u64 = 8;

#[derive(Clone, Debug)]
enum Op {
    Publish { key: Option<u8> },
    Join { group: usize },
    Poll { member: usize, room: usize },
    Settle { member: usize, which: usize, ack: bool },
    SettleAll { member: usize },
    Leave { member: usize, close: bool },
}

fn op() -> impl Strategy<Value = Op> {
    let member = 0usize..6;
    prop_oneof![
        6 => prop::option::of(0u8..5).prop_map(|key| Op::Publish { key }),
        1 => (0usize..2).prop_map(|group| Op::Join { group }),
        6 => (member.clone(), 1usize..6).prop_map(|(member, room)| Op::Poll { member, room }),
        5 => (member.clone(), 0usize..9, prop::bool::weighted(0.8))
            .prop_map(|(member, which, ack)| Op::Settle { member, which, ack }),
        2 => member.clone().prop_map(|member| Op::SettleAll { member }),
        1 => (member, any::<bool>()).prop_map(|(member, close)| Op::Leave { member, close }),
    ]
}

struct Member {
    group: usize,
    reader: Reader,
    held: Vec<Delivery>,
    told: bool,
}

/// How far a group has come in a partition.
#[derive(Default)]
struct Place {
    /// The first message that is not settled.
    first: u64,
    /// What is settled above it in this epoch.
    above: BTreeSet<u64>,
    /// Epoch and sequence of the last delivery.
    last: Option<(u32, u64)>,
}

struct World {
    broker: MemoryBinder,
    writer: Writer,
    large: Bytes,
    drain: Duration,
    members: Vec<Member>,
    /// The ids in each partition, by offset.
    logs: Vec<Vec<u64>>,
    places: BTreeMap<(usize, u32), Place>,
    sent: u64,
}

impl World {
    fn new(drain: Duration) -> Self {
        let broker = MemoryBinder::new();
        let mut spec = with_partitions(output("d"), PARTITIONS);
        spec.required_groups = GROUPS.iter().map(|group| Group::new(group).unwrap()).collect();
        let writer = write(&broker, &spec);
        Self {
            broker,
            writer,
            large: Bytes::from(vec![0; SIZE]),
            drain,
            members: Vec::new(),
            logs: vec![Vec::new(); PARTITIONS as usize],
            places: BTreeMap::new(),
            sent: 0,
        }
    }

    fn spec(&self, group: usize) -> ConsumerSpec {
        let mut spec = input("d", Some(GROUPS[group]));
        spec.max_in_flight = Some(Limit { messages: MAX_IN_FLIGHT, bytes: usize::MAX });
        spec.drain = self.drain;
        spec
    }

    /// How many messages of a partition some group has not settled.
    fn kept(&self, partition: u32) -> u64 {
        let first = |group| self.places.get(&(group, partition)).map_or(0, |place| place.first);
        self.logs[partition as usize].len() as u64 - first(0).min(first(1))
    }

    fn publish(&mut self, key: Option<u8>) {
        let mut message = Message::new(self.large.clone());
        message.id = Some(Bytes::from(self.sent.to_string()));
        message.key = key.map(|key| Bytes::from(vec![key]));
        // The key's bytes would not fit beside eight payloads.
        let spare = message.key.as_ref().map_or(0, Bytes::len);
        message.payload = Some(self.large.slice(spare..));
        self.writer.queue(message);
        self.sent += 1;
        self.push();
    }

    /// Publishes what is queued; what is left has to be left.
    fn push(&mut self) {
        let before = self.writer.outbox.len() as u64;
        let first = self.sent - before;
        let done = self.writer.publish();
        for (id, receipt) in (first..).zip(self.writer.receipts()) {
            let partition = receipt.partition.unwrap();
            let log = &mut self.logs[partition as usize];
            assert_eq!(receipt.offset, Some(log.len() as u64));
            log.push(id);
        }
        assert_eq!(done, self.writer.outbox.is_empty());
        let kept: Vec<u64> = (0..PARTITIONS).map(|partition| self.kept(partition)).collect();
        assert!(kept.iter().all(|kept| *kept <= FULL), "more than fits: {kept:?}");
        if let Some(left) = self.writer.outbox.front() {
            let mut full = kept.iter().map(|kept| *kept == FULL);
            let waits =
                if left.message.key.is_none() { full.all(|it| it) } else { full.any(|it| it) };
            assert!(waits, "there was room: {kept:?}");
        }
    }

    fn poll(&mut self, place: usize, room: usize) -> bool {
        let (incoming, batch) = self.members[place].reader.poll(Room { messages: room, ..WIDE });
        match incoming {
            None => return false,
            Some(Incoming::Assigned) => {
                assert!(!std::mem::replace(&mut self.members[place].told, true))
            }
            Some(Incoming::Deliveries) => {
                assert!(!batch.is_empty() && batch.len() <= room && self.members[place].told);
            }
            // The runtime gives back what it has not started; here nothing was.
            Some(Incoming::Revoked(partitions)) => {
                let member = &mut self.members[place];
                member.held.retain(|delivery| {
                    let tag = delivery.tag;
                    let gone = partitions
                        .iter()
                        .any(|it| it.partition == tag.partition && it.epoch == tag.epoch)
                        && tag.sequence % 2 == 0;
                    if gone {
                        member.reader.acker.settle(&[(tag, Settlement::Release)]);
                    }
                    !gone
                });
            }
            Some(other) => panic!("{other:?}"),
        }
        batch.into_iter().for_each(|delivery| self.delivered(place, delivery));
        true
    }

    fn delivered(&mut self, place: usize, delivery: Delivery) {
        let group = self.members[place].group;
        let tag = delivery.tag;
        let id = self.logs[tag.partition as usize][tag.sequence as usize];
        assert_eq!(delivery.message.id, Some(Bytes::from(id.to_string())));
        let position = self.places.entry((group, tag.partition)).or_default();
        match position.last.replace((tag.epoch, tag.sequence)) {
            Some((epoch, sequence)) if epoch == tag.epoch => {
                assert_eq!(tag.sequence, sequence + 1, "a gap within an epoch");
            }
            _ => {
                assert_eq!(tag.sequence, position.first, "a wrong start of an epoch");
                position.above.clear();
            }
        }
        if self.drain > Duration::ZERO {
            let mut others = self.members.iter().filter(|member| member.group == group);
            assert!(
                !others.any(|member| member.held.iter().any(|held| {
                    held.tag.partition == tag.partition && held.tag.epoch != tag.epoch
                })),
                "two owners work on one partition"
            );
        }
        let held = &mut self.members[place].held;
        held.push(delivery);
        if self.drain > Duration::ZERO {
            assert!(held.len() <= MAX_IN_FLIGHT, "{} unsettled", held.len());
        }
    }

    fn settle(&mut self, place: usize, which: usize, ack: bool) {
        let member = &mut self.members[place];
        if member.held.is_empty() {
            return;
        }
        let tag = member.held.remove(which % member.held.len()).tag;
        let how = if ack { Settlement::Ack } else { Settlement::Release };
        let (group, acker) = (member.group, member.reader.acker.clone());
        let late = self.late(group);
        acker.settle(&[(tag, how)]);
        let counts = self.late(group) == late;
        assert!(counts || self.drain == Duration::ZERO, "late within the drain");
        let epoch = self.places[&(group, tag.partition)].last.map(|(epoch, _)| epoch);
        assert!(!counts || epoch == Some(tag.epoch), "a settlement of an old epoch counts");
        if ack && counts {
            let position = self.places.entry((group, tag.partition)).or_default();
            position.above.insert(tag.sequence);
            while position.above.remove(&position.first) {
                position.first += 1;
            }
        }
    }

    fn late(&self, group: usize) -> u64 {
        let destination = Destination::new("d").unwrap();
        self.broker.late_settlements(&destination, &Group::new(GROUPS[group]).unwrap()).unwrap()
    }

    fn join(&mut self, group: usize) {
        let reader = bind(&self.broker, &self.spec(group)).unwrap();
        self.members.push(Member { group, reader, held: Vec::new(), told: false });
    }

    fn leave(&mut self, place: usize, close: bool) {
        let mut member = self.members.remove(place);
        if close {
            member.reader.close();
        }
    }

    fn act(&mut self, op: &Op) {
        let place = |member: usize| member.checked_rem(self.members.len());
        match *op {
            Op::Publish { key } => self.publish(key),
            Op::Join { group } => self.join(group),
            Op::Poll { member, room } => {
                if let Some(place) = place(member) {
                    self.poll(place, room);
                }
            }
            Op::Settle { member, which, ack } => {
                if let Some(place) = place(member) {
                    self.settle(place, which, ack);
                }
            }
            Op::SettleAll { member } => {
                if let Some(place) = place(member) {
                    self.settle_all(place);
                }
            }
            Op::Leave { member, close } => {
                if let Some(place) = place(member) {
                    self.leave(place, close);
                }
            }
        }
    }

    fn settle_all(&mut self, place: usize) {
        while !self.members[place].held.is_empty() {
            self.settle(place, 0, true);
        }
    }

    /// Everyone leaves, one new member a group settles the rest, and nothing may be missing.
    fn finish(mut self) {
        while !self.members.is_empty() {
            self.leave(0, self.sent.is_multiple_of(2));
        }
        (0..2).for_each(|group| self.join(group));
        loop {
            let mut busy = false;
            for place in 0..2 {
                busy |= self.poll(place, 3);
                self.settle_all(place);
            }
            self.push();
            if !busy && self.writer.outbox.is_empty() {
                break;
            }
        }
        assert_eq!(self.logs.iter().map(Vec::len).sum::<usize>() as u64, self.sent);
        assert!(self.logs.iter().all(|log| log.is_sorted()), "order of publishing");
        for (group, name) in GROUPS.iter().enumerate() {
            assert_eq!(backlog(&self.broker, "d", name), Some(0));
            for (partition, log) in (0..).zip(&self.logs) {
                let first = self.places.get(&(group, partition)).map_or(0, |place| place.first);
                assert_eq!(first, log.len() as u64, "group {group}, partition {partition}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    /// Nothing is lost, order is kept, limits hold, and a partition has one owner at a time.
    #[test]
    fn keeps_its_promises(ops in prop::collection::vec(op(), 1..250)) {
        let mut world = World::new(Duration::from_secs(3600));
        ops.iter().for_each(|op| world.act(op));
        world.finish();
    }

    /// The same when nobody waits for what is in progress, but for the owner's being alone.
    #[test]
    fn loses_nothing_without_a_drain(ops in prop::collection::vec(op(), 1..250)) {
        let mut world = World::new(Duration::ZERO);
        ops.iter().for_each(|op| world.act(op));
        world.finish();
    }
}
