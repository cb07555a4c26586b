//! What a process reads, handles and settles.

use std::task::Waker;

use binder_core::{Delivery, Incoming, Room, Settlement, Tag};

use crate::fate::Fate;
use crate::seen::Event;
use crate::world::{After, Job, State};

impl State {
    /// What a process hears next, if anything.
    pub(crate) fn poll(
        &mut self,
        process: usize,
        room: Room,
        batch: &mut Vec<Delivery>,
        waker: &Waker,
        after: &mut After,
    ) -> Option<Incoming> {
        let member = &mut self.members[process];
        member.waker = Some(waker.clone());
        if !member.alive {
            return None;
        }
        if !std::mem::replace(&mut member.told, true) {
            return Some(Incoming::Assigned);
        }
        if !member.revoked.is_empty() {
            return Some(Incoming::Revoked(std::mem::take(&mut member.revoked)));
        }
        let most = room.messages.min(1 + self.dice.roll(8) as usize);
        let first = self.dice.roll(self.partitions.len() as u64) as usize;
        for offset in 0..self.partitions.len() {
            let index = (first + offset) % self.partitions.len();
            while batch.len() < most && self.deliver(process, index, batch) {
                self.tick(after);
            }
        }
        let limit = self.plan.max_in_flight;
        let held = self.members[process].held;
        if held > limit {
            self.violation(format!("process {process} holds {held} messages, {limit} may be"));
        }
        (!batch.is_empty()).then_some(Incoming::Deliveries)
    }

    fn deliver(&mut self, process: usize, index: usize, batch: &mut Vec<Delivery>) -> bool {
        let partition = &mut self.partitions[index];
        let reads = partition.owner == Some(process) && !partition.leaving;
        let position = partition.next;
        let Some((id, message)) = partition.log.get(position as usize) else { return false };
        if !reads || !self.members[process].alive {
            return false;
        }
        let (id, message) = (*id, message.clone());
        partition.next += 1;
        partition.watermark.deliver(position);
        let tag = Tag { epoch: partition.epoch, partition: index as u32, sequence: position };
        batch.push(Delivery { message, tag, earlier_attempts: 0 });
        self.members[process].held += 1;
        *self.deliveries.entry(id).or_default() += 1;
        self.seen.note(Event::Deliver);
        self.note(|| format!("{id} ({index}@{position}) to process {process}"));
        true
    }

    pub(crate) fn settle(
        &mut self,
        process: usize,
        batch: &[(Tag, Settlement)],
        after: &mut After,
    ) {
        for (tag, settlement) in batch {
            if !self.members[process].alive {
                return;
            }
            self.settle_one(process, *tag, *settlement, after);
            self.tick(after);
        }
    }

    fn settle_one(&mut self, process: usize, tag: Tag, what: Settlement, after: &mut After) {
        let index = tag.partition as usize;
        let member = &mut self.members[process];
        match member.held.checked_sub(1) {
            Some(held) => member.held = held,
            None => self.violation(format!("process {process} settled more than it was given")),
        }
        let Some(id) = self.partitions[index].log.get(tag.sequence as usize).map(|(id, _)| *id)
        else {
            return self.violation(format!("{tag:?} was never delivered"));
        };
        self.note(|| format!("{id} is settled by process {process}: {what:?}"));
        if what == Settlement::Ack && !self.is_finished(id) {
            self.violation(format!("{id} was acknowledged before it was finished"));
        }
        let partition = &mut self.partitions[index];
        if partition.owner != Some(process) || partition.epoch != tag.epoch {
            return;
        }
        let known = match what {
            Settlement::Ack => partition.watermark.settle(tag.sequence),
            _ => partition.watermark.release(tag.sequence),
        };
        let drained = partition.leaving && partition.watermark.in_progress() == 0;
        let ask = !std::mem::replace(&mut partition.committing, true);
        if !known {
            self.violation(format!("{id} was settled twice"));
        }
        if ask {
            let pause = self.dice.roll(12);
            self.ask(pause, Job::Commit(index), after);
        }
        if drained {
            self.hand_over(index, after);
        }
    }

    /// A function was given a message. Whether its process lives.
    pub(crate) fn called(&mut self, process: usize, id: usize, attempt: u32) -> bool {
        if !self.members[process].alive {
            return false;
        }
        if self.members[process].paused {
            self.violation(format!("process {process} is paused and has begun with {id}"));
        }
        let calls = self.calls.entry(id).or_default();
        *calls += 1;
        let (calls, given) = (*calls, self.deliveries.get(&id).copied().unwrap_or(0));
        let fate = self.fate(id);
        self.note(|| format!("{id} {fate:?} is handled by process {process}, attempt {attempt}"));
        // A stream that has failed gets again what it had taken.
        if !self.plan.streams && !self.mended && calls > given * most_calls(fate) {
            self.violation(format!("{id} was delivered {given} times and handled {calls} times"));
        }
        if attempt > 1 {
            self.seen.note(Event::Retry);
        }
        match fate {
            Fate::FailsOnce if attempt == 1 => self.seen.note(Event::Fail),
            Fate::Fails | Fate::Permanent => self.seen.note(Event::Fail),
            Fate::PanicsOnce if attempt == 1 => self.seen.note(Event::Panic),
            Fate::Panics => self.seen.note(Event::Panic),
            _ => {}
        }
        true
    }
}

/// How often one delivery may be given to a function, of three attempts.
const fn most_calls(fate: Fate) -> usize {
    match fate {
        Fate::Broken => 0,
        Fate::FailsOnce | Fate::PanicsOnce => 2,
        Fate::Fails | Fate::Panics => 3,
        _ => 1,
    }
}
