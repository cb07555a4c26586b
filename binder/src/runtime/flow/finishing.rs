//! Keys that are behind others catch up before their partition goes away.

use std::collections::VecDeque;

use binder_core::Tag;
use binder_core::binder::Partition;
use binder_core::logic::drain::{Waiting, finish};

use super::{Due, Effects, Entry, Flow, Item, State};
use crate::runtime::plan::Order;

/// How many messages are started for this, for each that may run at once.
const MORE_CALLS: usize = 8;

impl Flow {
    /// Whether what is settled above a gap is settled for nothing.
    fn has_gaps(&self) -> bool {
        self.plan.keeps_positions && self.plan.order == Order::Key && !self.plan.stream
    }

    /// Remembers how far the messages that start have come: those of one lane, in order. A partition
    /// that was taken away is not looked at again.
    pub(super) fn note_started(&self, state: &mut State, items: &VecDeque<Item>) {
        let Some(last) = items.back().filter(|_| self.has_gaps()) else { return };
        if state.entries.get(last.index as usize).is_some_and(|entry| !entry.revoked) {
            let started = state.started.entry(partition(last.tag)).or_default();
            *started = (*started).max(last.tag.sequence);
        }
    }

    /// Chooses, of the entries in question, what is to be started all the same.
    pub(super) fn choose_finishing(&self, state: &mut State, which: impl Fn(&Entry) -> bool) {
        if !self.has_gaps() || !state.may_start() {
            return;
        }
        let State { lanes, entries, started, .. } = &mut *state;
        // Those that a lane task has taken and not started stand before what waits of their lane.
        let taken = entries.iter_mut().map(|(_, entry)| entry);
        taken.filter(|entry| entry.message.is_none() && which(entry)).for_each(|entry| {
            entry.finishing = true;
        });
        let waiting = lanes.waiting().filter_map(|&item| {
            let entry = entries.get(item as usize).filter(|entry| which(entry))?;
            let Tag { sequence, .. } = entry.tag;
            Some(Waiting { partition: partition(entry.tag), sequence, item })
        });
        let highest = |partition| started.get(&partition).copied();
        let limit = MORE_CALLS * self.plan.concurrency;
        let chosen: Vec<u32> = finish(waiting, highest, limit).collect();
        for index in chosen {
            if let Some(entry) = entries.get_mut(index as usize) {
                entry.finishing = true;
            }
        }
    }

    /// Nothing more is started of what goes away: a new owner may begin soon, and a stop is not to
    /// take longer.
    pub(super) fn give_up_finishing(&self, state: &mut State, effects: &mut Effects) {
        let all = !state.phase.is_running();
        for (_, entry) in &mut state.entries {
            entry.finishing &= !(all || entry.revoked);
        }
        self.give_back(state, effects, |entry| all || entry.revoked);
        self.interrupt();
    }

    /// The same in due time.
    pub(super) fn give_up_later(&self, state: &mut State, effects: &mut Effects) {
        if self.has_gaps() {
            // What has begun by then has the other half to end.
            state.timers.ask(self.plan.drain / 2, Due::GiveUp);
            effects.wake_pump = true;
        }
    }
}

/// The partition of a delivery.
pub(super) const fn partition(tag: Tag) -> Partition {
    Partition { epoch: tag.epoch, partition: tag.partition }
}
