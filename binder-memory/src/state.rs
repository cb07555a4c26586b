//! Everything a destination holds: its logs, its groups and the publishers that wait for room.
//!
//! Laws: a message stays until every group has settled it; without a durable group the last
//! [`limits::UNCLAIMED`] of each partition stay; a partition never holds more than
//! [`limits::PARTITION`], except one message that is larger alone.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::task::Waker;
use std::time::Instant;

use binder_core::{
    Delivery, Group as GroupName, Incoming, Limit, Message, Room, Settlement, Start, Tag,
};

use crate::group::Group;
use crate::limits;
use crate::log::Log;
use crate::member::{Member, MemberId};
use crate::unrouted::UnroutedCount;
use crate::wakes::{Wakes, wait};

/// What a group is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum GroupId {
    /// Durable: it lives as long as the destination.
    Named(GroupName),
    /// The private copy of one member, which ends with it.
    Private(MemberId),
}

/// The state of a destination.
#[derive(Debug)]
pub(crate) struct State {
    logs: Vec<Log>,
    groups: BTreeMap<GroupId, Group>,
    /// Publishers that wait for room in a partition, or in any.
    waiting: Vec<(Option<u32>, Waker)>,
    /// Where the next message without a key goes.
    turn: u32,
    members: u64,
    pub(crate) unrouted: UnroutedCount,
    touched: Vec<u32>,
}

impl State {
    /// An empty destination.
    pub(crate) fn new(partitions: NonZeroU32) -> Self {
        Self {
            logs: (0..partitions.get()).map(|_| Log::default()).collect(),
            groups: BTreeMap::new(),
            waiting: Vec::new(),
            turn: 0,
            members: 0,
            unrouted: UnroutedCount::default(),
            touched: Vec::new(),
        }
    }

    /// How many partitions it has, which never becomes less.
    pub(crate) fn partitions(&self) -> NonZeroU32 {
        NonZeroU32::new(self.logs.len() as u32).unwrap_or(NonZeroU32::MIN)
    }

    /// Adds partitions up to that number. Every group reads them from their first message, wherever
    /// it began itself; what a key has sent stays where it is, and what it sends next may go
    /// elsewhere.
    pub(crate) fn grow(&mut self, partitions: NonZeroU32, now: Instant, wakes: &mut Wakes) {
        while self.partitions() < partitions {
            self.logs.push(Log::default());
            for group in self.groups.values_mut() {
                group.grow();
            }
        }
        for group in self.groups.values_mut() {
            group.share(now, &self.logs, wakes);
        }
        // Whoever waited for room anywhere has it, and a key that waited may have moved.
        wakes.take_if(&mut self.waiting, |_| true);
    }

    /// Whether nobody at all reads it.
    pub(crate) fn is_orphan(&self) -> bool {
        self.groups.is_empty()
    }

    /// A group by its name, if it exists.
    pub(crate) fn group(&self, name: &GroupName) -> Option<&Group> {
        self.groups.get(&GroupId::Named(name.clone()))
    }

    /// How many messages are kept for a group: everything from its first unsettled one on.
    pub(crate) fn backlog(&self, name: &GroupName) -> Option<usize> {
        let group = self.group(name)?;
        let behind = |(index, log): (usize, &Log)| (log.end() - group.committed(index)) as usize;
        Some(self.logs.iter().enumerate().map(behind).sum())
    }

    /// Creates a group, unless it exists; from then on it gets every message.
    pub(crate) fn create_group(&mut self, id: GroupId, start: Start) {
        let position = |log: &Log| match start {
            Start::Latest => log.end(),
            _ => log.start(),
        };
        self.groups.entry(id).or_insert_with(|| Group::new(self.logs.iter().map(position)));
    }

    /// Adds a member to the named group, or to a private one of its own.
    pub(crate) fn join(
        &mut self,
        name: Option<GroupName>,
        start: Start,
        member: impl FnOnce(MemberId) -> Member,
        now: Instant,
        wakes: &mut Wakes,
    ) -> (GroupId, MemberId) {
        self.members += 1;
        let member = member(MemberId(self.members));
        let (id, start) = match name {
            Some(name) => (GroupId::Named(name), start),
            None => (GroupId::Private(member.id), Start::Latest),
        };
        let joined = (id.clone(), member.id);
        self.create_group(id, start);
        if let Some(group) = self.groups.get_mut(&joined.0) {
            group.join(member, now, &self.logs, wakes);
        }
        joined
    }

    /// Removes a member, and its group if that is private.
    pub(crate) fn leave(
        &mut self,
        id: &GroupId,
        member: MemberId,
        now: Instant,
        wakes: &mut Wakes,
    ) {
        if let GroupId::Private(_) = id {
            self.groups.remove(id);
            (0..self.logs.len()).for_each(|index| self.relieve(index, wakes));
        } else if let Some(group) = self.groups.get_mut(id) {
            group.leave(member, now, &self.logs, wakes);
        }
    }

    /// The next thing a member has to hear; `None` when it is to wait.
    pub(crate) fn poll(
        &mut self,
        id: &GroupId,
        member: MemberId,
        waker: &Waker,
        room: Room,
        batch: &mut Vec<Delivery>,
        wakes: &mut Wakes,
    ) -> Option<Incoming> {
        self.expire(wakes);
        let group = self.groups.get_mut(id)?;
        let incoming = group.poll(member, &self.logs, room, batch);
        if incoming.is_none() {
            group.wait(member, waker);
        }
        incoming
    }

    /// Records settlements of a member, and makes room where the last group has settled; gives
    /// how many came too late to count.
    pub(crate) fn settle(
        &mut self,
        id: &GroupId,
        member: MemberId,
        batch: &[(Tag, Settlement)],
        wakes: &mut Wakes,
    ) -> usize {
        self.expire(wakes);
        let Some(group) = self.groups.get_mut(id) else { return batch.len() };
        let mut touched = std::mem::take(&mut self.touched);
        let late = group.settle(member, batch, &self.logs, &mut touched, wakes);
        for partition in touched.drain(..) {
            self.relieve(partition as usize, wakes);
        }
        self.touched = touched;
        late
    }

    /// What a group has not settled of each partition: the positions from the first to, but not
    /// with, the second. `None` if there is no such group.
    pub(crate) fn unsettled(&self, name: &GroupName) -> Option<Vec<(u64, u64)>> {
        let group = self.group(name)?;
        let of = |(index, log): (usize, &Log)| (group.committed(index), log.end());
        Some(self.logs.iter().enumerate().map(of).collect())
    }

    /// The message at a position of a partition, if it is still kept.
    pub(crate) fn message(&self, partition: u32, position: u64) -> Option<&Message> {
        let log = self.logs.get(partition as usize)?;
        let kept = (log.start()..log.end()).contains(&position);
        if kept { log.read(position).next().map(|(message, _)| message) } else { None }
    }

    /// Everything of a partition below is settled by a group that nobody reads for.
    pub(crate) fn advance(
        &mut self,
        name: &GroupName,
        partition: u32,
        position: u64,
        wakes: &mut Wakes,
    ) {
        if let Some(group) = self.groups.get_mut(&GroupId::Named(name.clone())) {
            group.advance(partition as usize, position);
            self.relieve(partition as usize, wakes);
        }
    }

    /// Hands over partitions whose drain is over.
    pub(crate) fn expire(&mut self, wakes: &mut Wakes) {
        for group in self.groups.values_mut().filter(|group| group.is_draining()) {
            group.expire(Instant::now(), &self.logs, wakes);
        }
    }

    /// The partition that a message of `size` bytes can go to now.
    pub(crate) fn place(&mut self, key: Option<u32>, size: usize) -> Option<u32> {
        let partitions = self.partitions().get();
        let (first, tries) = key.map_or((self.turn, partitions), |partition| (partition, 1));
        let place = (0..tries).map(|step| (first + step) % partitions).find(|&partition| {
            self.logs[partition as usize].has_room(size, limits::PARTITION)
                || self.make_room(partition as usize, size)
        })?;
        if key.is_none() {
            self.turn = (place + 1) % partitions;
        }
        Some(place)
    }

    /// Lets go of messages that no group has asked for, if that makes room.
    fn make_room(&mut self, index: usize, size: usize) -> bool {
        let claimed = self.claimed(index);
        let keep = self.keep(size);
        let log = &mut self.logs[index];
        log.trim(claimed, keep);
        log.has_room(size, limits::PARTITION)
    }

    /// Appends a message to a partition and gives its offset.
    pub(crate) fn append(&mut self, partition: u32, message: Message, size: usize) -> u64 {
        if self.touched.last() != Some(&partition) {
            self.touched.push(partition);
        }
        self.logs[partition as usize].push(message, size)
    }

    /// Wakes the readers of everything appended since the last call.
    pub(crate) fn announce(&mut self, wakes: &mut Wakes) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for partition in touched.drain(..) {
            self.trim(partition as usize);
            for group in self.groups.values_mut() {
                group.wake_reader(partition as usize, wakes);
            }
        }
        self.touched = touched;
    }

    /// Remembers a publisher that waits for room in a partition, or in any.
    pub(crate) fn wait(&mut self, partition: Option<u32>, waker: &Waker) {
        wait(&mut self.waiting, partition, waker);
    }

    /// Drops what nobody needs of a partition; tells whether there was any.
    fn trim(&mut self, index: usize) -> bool {
        let claimed = self.claimed(index);
        let keep = self.keep(0);
        self.logs[index].trim(claimed, keep)
    }

    /// Drops what nobody needs any more of a partition that has been settled further, and wakes
    /// the publishers that wait for it.
    fn relieve(&mut self, index: usize, wakes: &mut Wakes) {
        // What is kept without a durable group makes way only when a publisher asks for room.
        if self.trim(index) || !self.is_durable() {
            let here = index as u32;
            wakes.take_if(&mut self.waiting, |wanted| wanted.is_none_or(|it| it == here));
        }
    }

    /// Every group has settled the partition below this.
    fn claimed(&self, index: usize) -> u64 {
        let settled = self.groups.values().map(|group| group.committed(index)).min();
        settled.unwrap_or_else(|| self.logs[index].end())
    }

    /// Whether it has a group that outlives its members.
    fn is_durable(&self) -> bool {
        self.groups.keys().any(|id| matches!(id, GroupId::Named(_)))
    }

    /// What stays of a partition although every group has settled it, when `size` bytes are to
    /// be left free.
    fn keep(&self, size: usize) -> Limit {
        if self.is_durable() {
            return Limit { messages: 0, bytes: 0 };
        }
        let bytes = limits::PARTITION.bytes.saturating_sub(size);
        Limit { messages: limits::UNCLAIMED, bytes }
    }
}
