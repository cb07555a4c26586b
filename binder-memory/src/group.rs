//! A group: its members, which partitions each reads, and how far the group has come.
//!
//! Laws: partition `i` of a settled group belongs to member `i mod n` in the order of joining; a
//! partition has one owner; it changes owner only when nothing of it is in progress, its drain is
//! over or its owner has left; and each owner starts at the first message that is not settled.

use std::task::Waker;
use std::time::Instant;

use binder_core::binder::Partition;
use binder_core::{Delivery, Incoming, Room, Settlement, Tag};

use crate::cursor::Cursor;
use crate::log::Log;
use crate::member::{Member, MemberId};
use crate::reading;
use crate::wakes::Wakes;

/// The readers of a destination that share its messages.
#[derive(Debug)]
pub(crate) struct Group {
    members: Vec<Member>,
    cursors: Vec<Cursor>,
    /// How many partitions are being taken away, so that the steady path looks at none.
    draining: usize,
    /// Settlements that came too late to count.
    late: u64,
}

impl Group {
    /// A group without members that begins at these positions, one per partition.
    pub(crate) fn new(positions: impl Iterator<Item = u64>) -> Self {
        Self {
            members: Vec::new(),
            cursors: positions.map(Cursor::new).collect(),
            draining: 0,
            late: 0,
        }
    }

    /// Everything of the partition below is settled by this group.
    pub(crate) fn committed(&self, partition: usize) -> u64 {
        self.cursors.get(partition).map_or(0, |cursor| cursor.committed())
    }

    /// How many settlements came too late to count.
    pub(crate) fn late(&self) -> u64 {
        self.late
    }

    /// Whether anybody reads for it.
    pub(crate) fn is_read(&self) -> bool {
        !self.members.is_empty()
    }

    /// Everything of the partition below is settled, for a group that nobody reads for.
    pub(crate) fn advance(&mut self, partition: usize, position: u64) {
        if let Some(cursor) = self.cursors.get_mut(partition) {
            cursor.advance(position);
        }
    }

    /// Adds a member and shares the partitions anew.
    pub(crate) fn join(&mut self, member: Member, now: Instant, logs: &[Log], wakes: &mut Wakes) {
        self.members.push(member);
        self.share(now, logs, wakes);
    }

    /// Adds a partition that nothing was sent to; [`share`](Self::share) gives it to a member.
    pub(crate) fn grow(&mut self) {
        self.cursors.push(Cursor::new(0));
    }

    /// Removes a member; what it leaves unsettled is for the others, from now on.
    pub(crate) fn leave(&mut self, id: MemberId, now: Instant, logs: &[Log], wakes: &mut Wakes) {
        self.members.retain(|member| member.id != id);
        for index in 0..self.cursors.len() {
            if self.cursors[index].owner == Some(id) {
                self.hand_over(index, logs, wakes);
            }
        }
        self.share(now, logs, wakes);
    }

    /// Gives each partition that is not where it should be to its new owner, or begins to drain it.
    pub(crate) fn share(&mut self, now: Instant, logs: &[Log], wakes: &mut Wakes) {
        for index in 0..self.cursors.len() {
            let target = self.target(index);
            let cursor = &mut self.cursors[index];
            if cursor.owner == target || cursor.drain_until.is_some() {
                continue;
            }
            if let Some(member) = self.members.iter_mut().find(|m| Some(m.id) == cursor.owner) {
                cursor.drain_until = Some(now + member.drain);
                self.draining += 1;
                member.revoked.push(Partition { epoch: cursor.epoch, partition: index as u32 });
                wakes.take(&mut member.waker);
                if cursor.is_busy() {
                    continue;
                }
            }
            self.hand_over(index, logs, wakes);
        }
    }

    /// Who should own a partition.
    fn target(&self, index: usize) -> Option<MemberId> {
        let member = index.checked_rem(self.members.len())?;
        self.members.get(member).map(|member| member.id)
    }

    /// Begins a new epoch of a partition with the member that should own it.
    fn hand_over(&mut self, index: usize, logs: &[Log], wakes: &mut Wakes) {
        let target = self.target(index);
        let cursor = &mut self.cursors[index];
        let old = cursor.owner;
        self.draining -= usize::from(cursor.drain_until.is_some());
        let (from, to) = cursor.hand_to(target);
        if let Some(old) = self.members.iter_mut().find(|m| Some(m.id) == old) {
            old.lose(index as u32, (to - from) as usize, logs[index].bytes_between(from, to));
            wakes.take(&mut old.waker);
        }
        if let Some(new) = self.members.iter_mut().find(|m| Some(m.id) == target) {
            new.gain(index as u32);
            wakes.take(&mut new.waker);
        }
    }

    /// Hands over partitions whose drain is over.
    pub(crate) fn expire(&mut self, now: Instant, logs: &[Log], wakes: &mut Wakes) {
        for index in 0..self.cursors.len() {
            if self.cursors[index].is_drained(now) {
                self.hand_over(index, logs, wakes);
            }
        }
    }

    /// Whether time matters to this group now.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining > 0
    }

    /// The next thing a member has to hear, if any; deliveries are added to `batch`.
    pub(crate) fn poll(
        &mut self,
        id: MemberId,
        logs: &[Log],
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Option<Incoming> {
        let member = self.members.iter_mut().find(|member| member.id == id)?;
        member.waker = None;
        if !std::mem::replace(&mut member.told, true) {
            return Some(Incoming::Assigned);
        }
        if !member.revoked.is_empty() {
            return Some(Incoming::Revoked(std::mem::take(&mut member.revoked)));
        }
        let before = batch.len();
        reading::fill(member, &mut self.cursors, logs, room, batch);
        (batch.len() > before).then_some(Incoming::Deliveries)
    }

    /// Remembers whom to wake when a member has something to hear.
    pub(crate) fn wait(&mut self, id: MemberId, waker: &Waker) {
        if let Some(member) = self.members.iter_mut().find(|member| member.id == id) {
            member.waker = Some(waker.clone());
        }
    }

    /// Wakes the reader of a partition that has grown, unless it can take nothing.
    pub(crate) fn wake_reader(&mut self, partition: usize, wakes: &mut Wakes) {
        let Some(cursor) = self.cursors.get(partition) else { return };
        if cursor.drain_until.is_none()
            && let Some(member) = self.members.iter_mut().find(|m| Some(m.id) == cursor.owner)
            && !member.blocked
        {
            wakes.take(&mut member.waker);
        }
    }

    /// Records settlements of a member; `touched` gets the partitions concerned, once each. Gives
    /// how many came too late to count.
    pub(crate) fn settle(
        &mut self,
        id: MemberId,
        batch: &[(Tag, Settlement)],
        logs: &[Log],
        touched: &mut Vec<u32>,
        wakes: &mut Wakes,
    ) -> usize {
        let mut late = 0;
        for (tag, settlement) in batch {
            let cursor = self.cursors.get_mut(tag.partition as usize);
            let Some(cursor) = cursor.filter(|cursor| cursor.belongs_to(id, tag.epoch)) else {
                late += 1;
                continue;
            };
            late += usize::from(!cursor.settle(tag.sequence, *settlement));
            if touched.last() != Some(&tag.partition) {
                touched.push(tag.partition);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for &partition in touched.iter() {
            self.account(partition as usize, logs, wakes);
        }
        self.late += late as u64;
        late
    }

    /// Lets the owner of a partition put down what the watermark has passed, and hands the
    /// partition over if it has drained.
    fn account(&mut self, index: usize, logs: &[Log], wakes: &mut Wakes) {
        let cursor = &mut self.cursors[index];
        let (from, to) = cursor.put_down();
        let drained = cursor.drain_until.is_some() && !cursor.is_busy();
        if to > from
            && let Some(owner) = self.members.iter_mut().find(|m| Some(m.id) == cursor.owner)
        {
            owner.put_down((to - from) as usize, logs[index].bytes_between(from, to));
            if owner.blocked {
                wakes.take(&mut owner.waker);
            }
        }
        if drained {
            self.hand_over(index, logs, wakes);
        }
    }
}

#[cfg(test)]
mod laws;
