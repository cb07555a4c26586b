//! Deliveries come in, and go out to lane tasks.

use std::collections::VecDeque;
use std::task::Context;

use binder_core::binder::Partition;
use binder_core::logic::partition::lane_of;
use binder_core::logic::redrive::is_for_another;
use binder_core::{Delivery, Room, Settlement};

use super::finishing::partition;
use super::{Counts, Due, Effects, Entry, Flow, Item, Source, State};
use crate::runtime::plan::Order;

/// Lanes of single messages are numbered downwards from here: partitions count upwards from 0, and
/// a clash with the hash of a key only makes two lanes one.
const LOOSE: u64 = u64::MAX;

/// Deliveries that may wait for a task, those behind a busy or held one not counted.
pub(super) const AHEAD: usize = 4096;

impl Flow {
    /// How much more may be delivered; no messages while full or while a publish is repeated.
    pub(crate) fn room(&self) -> Room {
        let mut state = self.lock();
        let limit = self.plan.limit;
        // Beyond this what waits serves nobody and only leaves the caches.
        let ahead = AHEAD.saturating_sub(state.lanes.startable());
        let mut room = Room {
            messages: limit.messages.saturating_sub(state.entries.len()).min(ahead),
            bytes: limit.bytes.saturating_sub(state.bytes),
        };
        if room.bytes == 0 || !state.may_start() || !state.phase.is_running() {
            room.messages = 0;
        }
        state.full = room.messages == 0;
        if cfg!(feature = "mutant-unbounded-queue") {
            return Room { messages: usize::MAX, bytes: usize::MAX };
        }
        room
    }

    fn is_for_another(&self, delivery: &Delivery) -> bool {
        let (destination, _) = self.plan.origins.of(delivery.tag, None);
        let group = self.plan.group.as_deref();
        is_for_another(&delivery.message.headers, destination.as_str(), group)
    }

    /// Takes a batch in and wakes lane tasks. What was redriven for another group is settled.
    pub(crate) fn accept(&self, batch: &mut Vec<Delivery>, effects: &mut Effects) {
        Counts::add(&self.counts.received, batch.len());
        let mut state = self.lock();
        let mut passed = 0;
        for delivery in batch.drain(..) {
            if self.is_for_another(&delivery) {
                state.settling += 1;
                effects.settled.push((delivery.tag, Settlement::Ack));
                passed += 1;
                continue;
            }
            if self.has_waited(&delivery) {
                self.accept_again(&mut state, delivery, effects);
                continue;
            }
            let lane = self.lane(&mut state, &delivery);
            state.serial = state.serial.wrapping_add(1);
            let entry = Entry::new(delivery, lane, state.serial, state.clock);
            state.bytes += entry.size;
            let index = state.entries.insert(entry) as u32;
            state.lanes.push(lane, index);
        }
        if !state.phase.is_running() {
            self.give_back(&mut state, effects, |entry| !entry.finishing);
        }
        effects.wake_lanes(&mut state);
        drop(state);
        self.apply(effects);
        if passed > 0 {
            let (function, binding) = (self.plan.function, &self.plan.binding);
            tracing::debug!(function, binding, passed, "redriven for another group: passed over");
        }
    }

    pub(super) fn lane(&self, state: &mut State, delivery: &Delivery) -> u64 {
        let order = if self.plan.stream { Order::None } else { self.plan.order };
        match (order, &delivery.message.key) {
            (Order::Partition, _) => u64::from(delivery.tag.partition),
            (Order::Key, Some(key)) => lane_of(key),
            _ => {
                state.loose += 1;
                LOOSE - state.loose
            }
        }
    }

    /// Moves up to `per_lane` deliveries of the next ready lane to `into`.
    ///
    /// When there is none, the task of that number is woken once there is.
    pub(crate) fn take(
        &self,
        task: usize,
        per_lane: usize,
        into: &mut VecDeque<Item>,
        cx: &Context<'_>,
    ) -> Option<u64> {
        let mut state = self.lock();
        let mut taken = std::mem::take(&mut state.taken);
        let lane = match state.may_start() {
            true => state.lanes.start(per_lane, &mut taken),
            false => None,
        };
        match lane {
            None => state.idle_slot(task, cx),
            Some(_) => {
                state.busy_slot(task);
                self.pass_on(&state);
            }
        }
        for index in taken.drain(..) {
            if let Some(item) = state.item(index) {
                into.push_back(item);
            }
        }
        self.note_started(&mut state, into);
        state.taken = taken;
        self.ask_for_more(&state);
        lane
    }

    /// Wakes the pump where it waits for room that taking from the lanes has made.
    pub(super) fn ask_for_more(&self, state: &State) {
        if self.has_room_again(state) {
            self.wake_pump();
        }
    }

    /// Lanes are ready and a task is idle: it is woken, by way of the pump. Woken from here it would
    /// wait in the LIFO slot of this worker, which the next call may block.
    pub(super) fn pass_on(&self, state: &State) {
        if state.lanes.ready() > 0 && state.idle.iter().any(Option::is_some) {
            self.wake_pump();
        }
    }

    /// These partitions are being taken away, or are lost already: what has not started goes back,
    /// except where it catches up with what has, as long as there is time.
    pub(crate) fn revoke(&self, partitions: &[Partition], lost: bool, effects: &mut Effects) {
        let mut state = self.lock();
        for (_, entry) in &mut state.entries {
            entry.revoked |= partitions.contains(&partition(entry.tag));
        }
        if !lost {
            self.choose_finishing(&mut state, |entry| entry.revoked);
            self.give_up_later(&mut state, effects);
        }
        self.give_back(&mut state, effects, |entry| entry.revoked && !entry.finishing);
        state.started.retain(|partition, _| !partitions.contains(partition));
        // It is not waited for, wherever it goes.
        if let Some(tag) = state.held.take_if(|tag| partitions.contains(&partition(*tag))) {
            state.settling += 1;
            effects.settled.push((tag, Settlement::Release));
        }
        self.interrupt();
        drop(state);
        self.interrupted.wake();
        self.apply(effects);
    }

    /// Releases every delivery that waits, in a lane or to be fed again, and satisfies `which`.
    pub(super) fn give_back(
        &self,
        state: &mut State,
        effects: &mut Effects,
        which: impl Fn(&Entry) -> bool,
    ) {
        let State { lanes, entries, timers, .. } = &mut *state;
        let mut back = lanes.remove(|index| entries.get(*index as usize).is_some_and(&which));
        let again = timers.cancel(|due| match due {
            Due::Feed(Source { index, serial }) => entries
                .get(*index as usize)
                .is_some_and(|entry| entry.serial == *serial && which(entry)),
            _ => false,
        });
        back.extend(again.into_iter().filter_map(|due| match due {
            Due::Feed(source) => Some(source.index),
            _ => None,
        }));
        for index in back {
            self.release(state, index, effects);
        }
    }

    /// Gives back what a lane task has taken and not started, as far as it has to. While the binding
    /// is paused the rest returns to the lane, which stays the task's until it is finished.
    pub(crate) fn give_back_taken(
        &self,
        lane: u64,
        queue: &mut VecDeque<Item>,
        effects: &mut Effects,
    ) {
        let mut state = self.lock();
        let draining = !state.phase.is_running();
        queue.retain_mut(|item| {
            let entry = state.entries.get(item.index as usize);
            let goes = |entry: &Entry| (draining || entry.revoked) && !entry.finishing;
            if entry.is_none_or(goes) {
                self.release(&mut state, item.index, effects);
                return false;
            }
            true
        });
        // Under the same lock: a drain or a revocation in between would look for them in vain.
        if state.paused {
            let back: Vec<_> = queue.drain(..).map(|item| state.return_unstarted(item)).collect();
            state.lanes.put_back(lane, back.into_iter());
        }
        drop(state);
        self.apply(effects);
    }
}

impl State {
    /// The message leaves its entry until the attempt is reported.
    pub(crate) fn item(&mut self, index: u32) -> Option<Item> {
        let entry = self.entries.get_mut(index as usize)?;
        let message = entry.message.take()?;
        let attempt = entry.attempts.attempt();
        let first = entry.first.clone();
        Some(Item { index, serial: entry.serial, message, tag: entry.tag, first, attempt })
    }

    /// A task that works is not woken in the place of one that is idle.
    fn busy_slot(&mut self, task: usize) {
        if let Some(slot) = self.idle.get_mut(task) {
            *slot = None;
        }
    }

    pub(crate) fn idle_slot(&mut self, task: usize, cx: &Context<'_>) {
        if self.idle.len() <= task {
            self.idle.resize_with(task + 1, || None);
        }
        if let Some(slot) = self.idle.get_mut(task) {
            *slot = Some(cx.waker().clone());
        }
    }
}
