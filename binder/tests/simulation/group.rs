//! The group that reads: who owns which partition, what is in progress, how far it has come.

use std::task::Waker;

use binder_core::Message;
use binder_core::binder::Partition as Assignment;
use binder_core::logic::watermark::Watermark;

use crate::message;
use crate::seen::Event;
use crate::world::{After, Job, Order, State};

/// How long a partition that is taken away may be worked on, in milliseconds: longer than any
/// function here takes, so that only a process that hangs is hurried.
const DRAIN: u64 = 5_000;

/// A log, and where the group stands in it.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    pub(crate) log: Vec<(usize, Message)>,
    committed: u64,
    pub(crate) next: u64,
    pub(crate) epoch: u32,
    pub(crate) owner: Option<usize>,
    pub(crate) watermark: Watermark,
    /// Its owner was told to let go of it.
    pub(crate) leaving: bool,
    /// Nobody may read it now.
    away: bool,
    pub(crate) committing: bool,
}

impl Partition {
    pub(crate) fn is_done(&self) -> bool {
        self.committed == self.log.len() as u64
    }
}

/// A process, as the broker knows it.
#[derive(Debug, Default)]
pub(crate) struct Member {
    pub(crate) alive: bool,
    joined: bool,
    left: bool,
    /// Its input is paused.
    pub(crate) paused: bool,
    /// It was told to stop.
    pub(crate) stopping: bool,
    pub(crate) told: bool,
    pub(crate) revoked: Vec<Assignment>,
    pub(crate) waker: Option<Waker>,
    /// Delivered to it and not settled by it.
    pub(crate) held: usize,
}

impl Member {
    pub(crate) const fn reads(&self) -> bool {
        self.alive && self.joined && !self.left
    }
}

impl State {
    /// A new process.
    pub(crate) fn process(&mut self) -> usize {
        self.members.push(Member { alive: true, ..Member::default() });
        self.members.len() - 1
    }

    pub(crate) fn append(&mut self, message: Message, after: &mut After) {
        let Some(id) = message::id_of(&message) else { return };
        let index = self.plan.partition(id);
        let partition = &mut self.partitions[index];
        partition.log.push((id, message));
        if let Some(owner) = partition.owner {
            after.wakers.extend(self.members[owner].waker.take());
        }
    }

    pub(crate) fn join(&mut self, process: usize, after: &mut After) {
        self.members[process].joined = true;
        self.share(after);
    }

    pub(crate) fn leave(&mut self, process: usize, after: &mut After) {
        if !self.members[process].reads() {
            return;
        }
        for index in 0..self.partitions.len() {
            if self.partitions[index].owner == Some(process) {
                self.commit(index);
            }
        }
        self.members[process].left = true;
        if !self.members[process].stopping {
            self.stopped_by_itself(process, after);
        }
        self.share(after);
    }

    /// Without dead letters a message that has failed for good stops its reader.
    pub(crate) fn stopped_by_itself(&mut self, process: usize, after: &mut After) {
        self.seen.note(Event::StoppedByItself);
        self.note(|| format!("process {process} has stopped by itself"));
        if self.plan.dead_letters {
            self.violation(format!("process {process} has stopped, and there are dead letters"));
        }
        self.order(Order::Mend(process), after);
    }

    /// Who should read a partition.
    fn target(&self, index: usize) -> Option<usize> {
        let reading: Vec<_> =
            (0..self.members.len()).filter(|&m| self.members[m].reads()).collect();
        let target = reading.get(index.checked_rem(reading.len())?).copied();
        target.filter(|_| !self.partitions[index].away)
    }

    /// Brings every partition to the member that should read it, or asks for it back first.
    pub(crate) fn share(&mut self, after: &mut After) {
        for index in 0..self.partitions.len() {
            let target = self.target(index);
            let partition = &mut self.partitions[index];
            if partition.owner == target || partition.leaving {
                let gone = partition.owner.is_some_and(|owner| !self.members[owner].reads());
                if !gone {
                    continue;
                }
            }
            let owner = partition.owner.filter(|owner| self.members[*owner].reads());
            let Some(owner) = owner else {
                self.hand_over(index, after);
                continue;
            };
            partition.leaving = true;
            let (epoch, busy) = (partition.epoch, partition.watermark.in_progress() > 0);
            let assignment = Assignment { epoch, partition: index as u32 };
            self.members[owner].revoked.push(assignment);
            after.wakers.extend(self.members[owner].waker.take());
            self.note(|| format!("partition {index} is taken from process {owner}"));
            if busy {
                self.ask(DRAIN, Job::DrainOver(index, epoch), after);
            } else {
                self.hand_over(index, after);
            }
        }
    }

    pub(crate) fn hand_over(&mut self, index: usize, after: &mut After) {
        let owner = self.partitions[index].owner;
        if owner.is_some_and(|owner| self.members[owner].alive) {
            self.commit(index);
        }
        let target = self.target(index);
        let partition = &mut self.partitions[index];
        partition.epoch += 1;
        partition.watermark = Watermark::new();
        partition.next = partition.committed;
        partition.owner = target;
        partition.leaving = false;
        let committed = partition.committed;
        self.note(|| format!("partition {index} goes to {target:?} from {committed} on"));
        if let Some(target) = target {
            after.wakers.extend(self.members[target].waker.take());
        }
    }

    pub(crate) fn take_away(&mut self, index: usize, away: u64, after: &mut After) {
        let partition = &mut self.partitions[index];
        let owned = partition.owner.is_some_and(|owner| self.members[owner].reads());
        if !owned || partition.away || partition.leaving {
            return;
        }
        partition.away = true;
        // One that nobody works on is taken without anybody noticing.
        if partition.watermark.in_progress() > 0 {
            self.seen.note(Event::Revoke);
        }
        self.ask(away, Job::GiveBack(index), after);
        self.share(after);
    }

    pub(crate) fn give_back(&mut self, index: usize, after: &mut After) {
        self.partitions[index].away = false;
        self.share(after);
    }

    pub(crate) fn drain_over(&mut self, index: usize, epoch: u32, after: &mut After) {
        let partition = &self.partitions[index];
        if partition.leaving && partition.epoch == epoch {
            let owner = partition.owner.filter(|owner| self.members[*owner].reads());
            if let Some(owner) = owner {
                self.violation(format!("process {owner} does not let go of partition {index}"));
            }
            self.hand_over(index, after);
        }
    }

    /// Records how far the group has come: never past what is not finished.
    pub(crate) fn commit(&mut self, index: usize) {
        let partition = &mut self.partitions[index];
        partition.committing = false;
        let Some(position) = partition.watermark.committable() else { return };
        let from = std::mem::replace(&mut partition.committed, position);
        let passed = &partition.log[from.min(position) as usize..position as usize];
        let passed: Vec<_> = passed.iter().map(|(id, _)| *id).collect();
        if position < from {
            self.violation(format!(
                "partition {index} was committed back from {from} to {position}"
            ));
        }
        for id in passed {
            if !self.is_finished(id) {
                self.violation(format!("committed past {id}, which is not finished"));
            }
        }
        self.note(|| format!("partition {index} is committed up to {position}"));
    }
}
