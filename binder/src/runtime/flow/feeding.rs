//! Deliveries go out to a stream function, which keeps as many as it likes.

use std::collections::VecDeque;
use std::task::Context;

use super::{Effects, Flow, Item, Source, State};

impl Flow {
    /// Moves up to `max` deliveries to `into`, whatever their lanes; wakes when there are some.
    pub(crate) fn feed(&self, max: usize, into: &mut VecDeque<Item>, cx: &Context<'_>) {
        let mut state = self.lock();
        let may_start = state.may_start();
        let mut taken = std::mem::take(&mut state.taken);
        while may_start && taken.len() < max {
            let Some(lane) = state.lanes.start(1, &mut taken) else { break };
            state.lanes.finish(lane);
        }
        if taken.is_empty() {
            state.idle_slot(0, cx);
        }
        for index in taken.drain(..) {
            into.extend(state.lend(index));
        }
        state.taken = taken;
        self.ask_for_more(&state);
    }

    /// Lets the task of a stream function be woken by the next delivery or by a drain.
    pub(crate) fn watch(&self, cx: &Context<'_>) {
        self.lock().idle_slot(0, cx);
    }

    /// One delivery again, under a new serial, so that a settlement left over from the feeding
    /// before is late.
    pub(crate) fn feed_one(&self, index: u32) -> Option<Item> {
        let mut state = self.lock();
        state.serial = state.serial.wrapping_add(1);
        let serial = state.serial;
        state.entries.get_mut(index as usize)?.serial = serial;
        state.lend(index)
    }

    /// Ends the feedings of these deliveries: their tokens are late from now on.
    pub(crate) fn renew(&self, indices: impl IntoIterator<Item = u32>) {
        let mut state = self.lock();
        for index in indices {
            state.serial = state.serial.wrapping_add(1);
            let serial = state.serial;
            if let Some(entry) = state.entries.get_mut(index as usize) {
                entry.serial = serial;
            }
        }
    }

    /// Whether a delivery that was not started has to go back: the binding drains, or its partition
    /// was taken away.
    pub(crate) fn is_gone(&self, index: u32) -> bool {
        let state = self.lock();
        let entry = state.entries.get(index as usize);
        !state.phase.is_running() || entry.is_none_or(|entry| entry.revoked)
    }

    /// Whether that feeding of a delivery is still ours to settle.
    pub(crate) fn is_current(&self, source: Source) -> bool {
        let state = self.lock();
        state.entries.get(source.index as usize).is_some_and(|e| e.serial == source.serial)
    }

    /// Gives deliveries back that the function has taken and not turned into steps.
    pub(crate) fn release_all(&self, indices: impl IntoIterator<Item = u32>) {
        let mut effects = Effects::default();
        let mut state = self.lock();
        for index in indices {
            self.release(&mut state, index, &mut effects);
        }
        drop(state);
        self.apply(&mut effects);
    }

    /// How many messages the function holds, if no more may be in flight: of one source at least,
    /// where each has its share.
    pub(crate) fn full(&self) -> Option<usize> {
        let state = self.lock();
        let held = state.entries.len();
        let share = self.plan.origins.share(self.plan.limit).messages;
        (state.full || held >= share).then_some(held)
    }
}

impl State {
    /// A copy of the message: the entry keeps its own to feed it again.
    fn lend(&self, index: u32) -> Option<Item> {
        let entry = self.entries.get(index as usize)?;
        let message = entry.message.clone()?;
        let attempt = entry.attempts.attempt();
        let first = entry.first.clone();
        Some(Item { index, serial: entry.serial, message, tag: entry.tag, first, attempt })
    }

    pub(super) fn feed_again(&mut self, source: Source) {
        let entry = self.entries.get(source.index as usize);
        if let Some(entry) = entry.filter(|entry| entry.serial == source.serial) {
            let lane = entry.lane;
            self.lanes.push(lane, source.index);
        }
    }
}
