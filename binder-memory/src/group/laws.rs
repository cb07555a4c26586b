//! The laws of a group under random programs of joining, leaving, reading, settling and waiting.

use std::time::{Duration, Instant};

use binder_core::{Limit, Message};
use proptest::prelude::*;

use super::*;

const PARTITIONS: usize = 5;
const LIMIT: Limit = Limit { messages: 1_000, bytes: usize::MAX };

#[derive(Clone, Debug)]
enum Op {
    Join { drain: u64 },
    Leave(usize),
    Append(usize),
    Poll(usize),
    Settle { member: usize, most: usize, ack: bool },
    Wait(u64),
    Grow,
}

fn op() -> impl Strategy<Value = Op> {
    let member = 0usize..5;
    prop_oneof![
        2 => prop_oneof![Just(0), 1u64..20].prop_map(|drain| Op::Join { drain }),
        1 => member.clone().prop_map(Op::Leave),
        4 => (0..2 * PARTITIONS).prop_map(Op::Append),
        4 => member.clone().prop_map(Op::Poll),
        3 => (member, 1usize..5, any::<bool>())
            .prop_map(|(member, most, ack)| Op::Settle { member, most, ack }),
        2 => (1u64..10).prop_map(Op::Wait),
        1 => Just(Op::Grow),
    ]
}

struct Sim {
    group: Group,
    logs: Vec<Log>,
    now: Instant,
    joined: u64,
    held: Vec<(MemberId, Tag)>,
}

impl Sim {
    fn act(&mut self, op: &Op) {
        let mut wakes = Wakes::default();
        let id = |member: usize| {
            let place = member.checked_rem(self.group.members.len())?;
            Some(self.group.members[place].id)
        };
        match *op {
            Op::Join { drain } => {
                self.joined += 1;
                let drain = Duration::from_secs(drain);
                let member = Member::new(MemberId(self.joined), LIMIT, drain);
                self.group.join(member, self.now, &self.logs, &mut wakes);
            }
            Op::Leave(member) => {
                if let Some(id) = id(member) {
                    self.group.leave(id, self.now, &self.logs, &mut wakes);
                    self.held.retain(|(owner, _)| *owner != id);
                }
            }
            Op::Append(partition) => {
                let partition = partition % self.logs.len();
                self.logs[partition].push(Message::new("x"), 1);
            }
            Op::Poll(member) => {
                if let Some(id) = id(member) {
                    let mut batch = Vec::new();
                    let room = Room { messages: 3, bytes: 100 };
                    self.group.poll(id, &self.logs, room, &mut batch);
                    self.held.extend(batch.iter().map(|delivery| (id, delivery.tag)));
                }
            }
            Op::Settle { member, most, ack } => {
                if let Some(id) = id(member) {
                    let how = if ack { Settlement::Ack } else { Settlement::Release };
                    let batch: Vec<_> = self
                        .held
                        .extract_if(.., |(owner, _)| *owner == id)
                        .map(|(_, tag)| (tag, how))
                        .collect();
                    let (now, later) = batch.split_at(most.min(batch.len()));
                    self.held.extend(later.iter().map(|(tag, _)| (id, *tag)));
                    let mut touched = Vec::new();
                    self.group.settle(id, now, &self.logs, &mut touched, &mut wakes);
                }
            }
            Op::Wait(seconds) => self.now += Duration::from_secs(seconds),
            Op::Grow => {
                self.logs.push(Log::default());
                self.group.grow();
                self.group.share(self.now, &self.logs, &mut wakes);
            }
        }
        self.group.expire(self.now, &self.logs, &mut wakes);
    }

    fn check(&self) {
        let group = &self.group;
        let draining = group.cursors.iter().filter(|cursor| cursor.drain_until.is_some());
        assert_eq!(group.draining, draining.count());
        for (index, cursor) in group.cursors.iter().enumerate() {
            match cursor.drain_until {
                None => assert_eq!(cursor.owner, group.target(index), "partition {index}"),
                Some(until) => assert!(cursor.is_busy() && until > self.now, "{cursor:?}"),
            }
            assert!(cursor.committed() <= cursor.next() && cursor.next() <= self.logs[index].end());
        }
        for member in &group.members {
            let owns = |index: &u32| group.cursors[*index as usize].owner == Some(member.id);
            let owned: Vec<u32> = (0..self.logs.len() as u32).filter(owns).collect();
            assert_eq!(member.owned, owned, "one owner each, and it knows");
            let of = |index: &u32| &group.cursors[*index as usize];
            let held: u64 = owned.iter().map(of).map(|it| it.next() - it.committed()).sum();
            assert_eq!(LIMIT.messages - member.free(), held as usize, "what counts as held");
        }
    }
}

proptest! {
    #[test]
    fn each_partition_has_the_owner_it_should_or_drains(
        ops in prop::collection::vec(op(), 1..150),
    ) {
        let mut sim = Sim {
            group: Group::new((0..PARTITIONS).map(|_| 0)),
            logs: (0..PARTITIONS).map(|_| Log::default()).collect(),
            now: Instant::now(),
            joined: 0,
            held: Vec::new(),
        };
        for op in &ops {
            let epochs: Vec<(Option<MemberId>, u32)> =
                sim.group.cursors.iter().map(|cursor| (cursor.owner, cursor.epoch)).collect();
            let committed: Vec<u64> =
                sim.group.cursors.iter().map(Cursor::committed).collect();
            sim.act(op);
            sim.check();
            for (cursor, (owner, epoch)) in sim.group.cursors.iter().zip(epochs) {
                prop_assert!(cursor.owner == owner || cursor.epoch > epoch, "a new owner, an old epoch");
            }
            for (cursor, committed) in sim.group.cursors.iter().zip(committed) {
                prop_assert!(cursor.committed() >= committed, "a position went back");
            }
        }
    }
}
