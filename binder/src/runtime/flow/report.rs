//! What became of calls, and what follows from it.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use binder_core::Settlement;
use binder_core::logic::attempts::{Action, Event};
use binder_core::logic::dead_letter::{Failed, dead_letter};
use binder_core::logic::message_id::{Origin, derive};
use tracing::Level;

use super::finishing::partition;
use super::{Counts, Due, Effects, Flow, Item, Source, State};
use crate::function::failure::{Class, Failure};
use crate::function::outputs::Outputs;
use crate::runtime::outboxes::Outboxes;

/// One delivery that has been tried.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) index: u32,
    /// The message, if it was lent out.
    pub(crate) message: Option<binder_core::Message>,
    pub(crate) tried: Tried,
}

impl Report {
    /// Of a delivery by itself.
    pub(crate) fn of(item: Item, tried: Tried) -> Self {
        Self { index: item.index, message: Some(item.message), tried }
    }
}

/// Which message of which call an output is.
#[derive(Clone, Copy)]
struct Made {
    index: u32,
    ordinal: usize,
    output: usize,
}

/// How the attempt ended.
#[derive(Debug)]
pub(crate) enum Tried {
    /// With so many outputs, which are the next ones of the batch.
    Returned { outputs: usize },
    /// With so many outputs, which other deliveries share.
    Joined { outputs: usize, others: Vec<u32> },
    /// With a failure; boxed, since most reports are none and all of them are moved.
    Failed(Box<Failing>),
}

/// A failure; what its lane has not started goes back behind it.
#[derive(Debug)]
pub(crate) struct Failing {
    pub(crate) failure: Failure,
    pub(crate) rest: VecDeque<Item>,
}

impl Flow {
    /// Takes a batch of attempts: registers their outputs and puts them into the outboxes, settles
    /// those that have none, decides about those that failed.
    pub(crate) fn report(
        &self,
        reports: &mut Vec<Report>,
        outputs: &mut Outputs,
        outboxes: &mut Outboxes,
        effects: &mut Effects,
    ) {
        if reports.is_empty() {
            return;
        }
        let mut state = self.lock();
        let mut produced = outputs.drain_from(0);
        for Report { index, message, tried } in reports.drain(..) {
            state.put_back(index, message);
            let outputs = match tried {
                Tried::Returned { outputs } => outputs,
                Tried::Joined { outputs, others } => {
                    state.join(index, others);
                    outputs
                }
                Tried::Failed(failing) => {
                    let Failing { failure, rest } = *failing;
                    self.failed(&mut state, index, &failure, rest, effects);
                    continue;
                }
            };
            for (ordinal, (output, message)) in produced.by_ref().take(outputs).enumerate() {
                let made = Made { index, ordinal, output };
                if let Some((token, message)) = self.register(&mut state, made, message) {
                    outboxes.push(output, token, message);
                }
            }
            self.returned(&mut state, index, outputs, effects);
        }
        drop(produced);
        drop(state);
        self.apply(effects);
    }

    /// These lanes may go on: the outputs of what they started stand in the publishers' queues.
    /// Whether a lane is ready: more may have come in while it was busy, which woke nobody.
    pub(crate) fn finish(&self, lanes: &mut Vec<u64>) -> bool {
        let mut state = self.lock();
        for lane in lanes.drain(..) {
            state.lanes.finish(lane);
        }
        self.pass_on(&state);
        state.lanes.ready() > 0
    }

    /// Gives the message to hand over, unless it has to wait behind one that was refused.
    fn register(
        &self,
        state: &mut State,
        made: Made,
        mut message: binder_core::Message,
    ) -> Option<(u64, binder_core::Message)> {
        let Made { index, ordinal, output } = made;
        let mut serial = 0;
        if let Some(entry) = state.entries.get(index as usize) {
            serial = entry.serial;
            let copy = self.plan.copy_headers.get(output) == Some(&true);
            if let (true, Some(source)) = (copy, &entry.message) {
                crate::runtime::headers::copy(&source.headers, &mut message.headers);
            }
            let id = entry.message.as_ref().and_then(|source| source.id.as_deref());
            let wanted = message.id.is_none() && self.plan.ids.get(output) == Some(&true);
            if wanted && (id.is_some() || self.plan.keeps_positions) {
                let (destination, tag) = entry.place(&self.plan.origins);
                let origin = Origin { id, destination: destination.as_str(), tag };
                let name = self.plan.outputs.get(output).map_or("", String::as_str);
                message.id = Some(derive(origin, self.plan.function, name, ordinal));
            }
        }
        let token = state.sends.add(output, message.clone(), Source { index, serial });
        if state.sends.is_stalled() {
            state.sends.park(token);
            return None;
        }
        Some((token, message))
    }

    pub(super) fn returned(
        &self,
        state: &mut State,
        index: u32,
        outputs: usize,
        effects: &mut Effects,
    ) {
        let Some(entry) = state.entries.get_mut(index as usize) else { return };
        let outputs = u32::try_from(outputs).unwrap_or(u32::MAX);
        let outputs = if cfg!(feature = "mutant-acknowledge-first") { 0 } else { outputs };
        if let Action::Settle(settlement) =
            entry.attempts.next(&self.plan.policy, Event::Returned { outputs })
        {
            self.settle(state, index, settlement, effects);
        }
    }

    pub(crate) fn failed(
        &self,
        state: &mut State,
        index: u32,
        failure: &Failure,
        rest: VecDeque<Item>,
        effects: &mut Effects,
    ) {
        Counts::add(&self.counts.failed, 1);
        let rest: Vec<u32> = rest.into_iter().map(|item| state.return_unstarted(item)).collect();
        let running = state.phase.is_running();
        let Some(entry) = state.entries.get_mut(index as usize) else { return };
        let (lane, tag, attempt) = (entry.lane, entry.tag, entry.attempts.attempt());
        if !running || entry.revoked {
            self.free_lane(state, lane, rest);
            self.release(state, index, effects);
            // Below a gap that stays, the other keys of its partition catch up in vain.
            let gone = partition(tag);
            self.give_back(state, effects, |entry| {
                partition(entry.tag) == gone || (!entry.finishing && (!running || entry.revoked))
            });
            return;
        }
        let event = Event::Failed { retryable: failure.class.is_retried() };
        let action = entry.attempts.next(&self.plan.policy, event);
        let place = self.place(state, index);
        match action {
            Action::Call { failures } => {
                Counts::add(&self.counts.retried, 1);
                let unit = state.unit();
                let delay = self.plan.backoff.delay(failures, unit);
                self.call_later(state, index, rest, delay);
                effects.wake_pump = true;
                effects.note(
                    Level::WARN,
                    format!("{place} failed, attempt {attempt}: {failure}; again in {delay:.1?}"),
                );
            }
            Action::Requeue { failures, .. } => {
                Counts::add(&self.counts.retried, 1);
                self.free_lane(state, lane, rest);
                self.wait_at_broker(state, index, failures, failure, effects);
            }
            action => {
                if matches!(action, Action::DeadLetter { .. }) && !self.plan.stream {
                    state.lanes.hold(lane, rest.into_iter());
                    if let Some(entry) = state.entries.get_mut(index as usize) {
                        entry.holds_lane = true;
                    }
                } else {
                    self.free_lane(state, lane, rest);
                }
                self.give_up(state, index, action, failure, effects);
            }
        }
        effects.wake_lanes(state);
    }

    /// The lane goes on with what had not started.
    fn free_lane(&self, state: &mut State, lane: u64, rest: Vec<u32>) {
        if !self.plan.stream {
            state.lanes.hold(lane, rest.into_iter());
            state.lanes.resume(lane);
        }
    }

    /// The lane is held by its failed message until the back-off is over.
    pub(super) fn call_later(
        &self,
        state: &mut State,
        index: u32,
        rest: Vec<u32>,
        delay: Duration,
    ) {
        let Some(entry) = state.entries.get(index as usize) else { return };
        let (lane, serial) = (entry.lane, entry.serial);
        if self.plan.stream {
            state.timers.ask(delay, Due::Feed(Source { index, serial }));
        } else {
            let mut back = rest;
            back.insert(0, index);
            state.lanes.hold(lane, back.into_iter());
            state.timers.ask(delay, Due::Resume(lane));
        }
    }

    /// Carries out what `Attempts` says when it will not try again.
    pub(super) fn give_up(
        &self,
        state: &mut State,
        index: u32,
        action: Action,
        failure: &Failure,
        effects: &mut Effects,
    ) {
        let place = self.place(state, index);
        match action {
            Action::DeadLetter { .. } => {
                effects.note(Level::WARN, format!("{place} goes to the dead letters: {failure}"));
                self.dead_letter(state, index, failure, effects);
            }
            Action::Drop => {
                Counts::add(&self.counts.dropped, 1);
                effects.note(Level::WARN, format!("{place} dropped (on_exhausted): {failure}"));
                self.settle(state, index, Settlement::Ack, effects);
            }
            Action::Stop => self.stop_at(state, index, failure, effects),
            Action::Settle(settlement) => self.settle(state, index, settlement, effects),
            _ => {}
        }
    }

    fn dead_letter(&self, state: &mut State, index: u32, failure: &Failure, effects: &mut Effects) {
        let Some(entry) = state.entries.get(index as usize) else { return };
        let Some(message) = &entry.message else { return };
        let (destination, tag) = entry.place(&self.plan.origins);
        let failed = Failed {
            destination: destination.as_str(),
            binding: &self.plan.binding,
            group: self.plan.group.as_deref(),
            tag,
            attempts: entry.attempts.attempt(),
            class: failure.class.as_str(),
            cause: &failure.cause,
            at: now_ms(),
        };
        let letter = dead_letter(message, &failed);
        let source = Source { index, serial: entry.serial };
        let token = state.sends.add(self.letters_of(entry.tag), letter, source);
        state.dead.push(token);
        effects.wake_pump = true;
        if cfg!(feature = "mutant-acknowledge-before-dead-letter") {
            self.settle(state, index, Settlement::Ack, effects);
        }
    }

    /// Tells the broker, and forgets the delivery and those joined with it.
    pub(super) fn settle(
        &self,
        state: &mut State,
        index: u32,
        settlement: Settlement,
        effects: &mut Effects,
    ) {
        let Some(mut entry) = state.entries.try_remove(index as usize) else { return };
        state.bytes -= entry.size;
        #[cfg(feature = "fault-hooks")]
        if settlement == Settlement::Ack {
            let (destination, tag) = entry.place(&self.plan.origins);
            let message = entry.message.as_ref();
            effects.done.push(crate::runtime::hooks::name(destination, message, tag));
        }
        effects.gone.extend(entry.message.take());
        effects.settled.push((entry.tag, settlement));
        state.settling += 1;
        if entry.holds_lane {
            state.lanes.resume(entry.lane);
            effects.wake_lanes(state);
        }
        for joined in entry.joined {
            match settlement {
                Settlement::Release => self.release(state, joined, effects),
                _ => self.returned(state, joined, 0, effects),
            }
        }
        if !state.phase.is_running() && state.entries.is_empty() {
            // Lane tasks that had nothing to start while others did may end.
            effects.wake_all(state);
        }
        effects.wake_pump |= !state.phase.is_running() || self.has_room_again(state);
    }

    /// Waking for every settlement would poll a source that may give one message at a time.
    pub(super) fn has_room_again(&self, state: &State) -> bool {
        let limit = self.plan.limit;
        let room = state.phase.is_running()
            && state.entries.len() < limit.messages
            && state.bytes < limit.bytes;
        let ample = state.entries.len() <= limit.messages - limit.messages / 8
            && state.bytes <= limit.bytes - limit.bytes / 8;
        // A function that keeps most of what may be in flight, or a lane with most of it behind a
        // failed or slow message, would never leave ample room.
        let ahead = state.lanes.startable() <= super::intake::AHEAD / 2;
        state.full && room && ahead && (ample || state.lanes.startable() == 0)
    }

    /// Gives a delivery back to the broker untried.
    pub(super) fn release(&self, state: &mut State, index: u32, effects: &mut Effects) {
        let Some(entry) = state.entries.get_mut(index as usize) else { return };
        if let Action::Settle(settlement) = entry.attempts.next(&self.plan.policy, Event::Released)
        {
            Counts::add(&self.counts.released, 1);
            let dropped = cfg!(feature = "mutant-drop-on-shutdown") && !state.phase.is_running();
            let settlement = if dropped { Settlement::Ack } else { settlement };
            self.settle(state, index, settlement, effects);
        }
    }

    /// Names a delivery in a log line.
    pub(super) fn place(&self, state: &State, index: u32) -> String {
        match state.entries.get(index as usize) {
            Some(entry) => {
                let (destination, tag) = entry.place(&self.plan.origins);
                format!("{destination}/{}@{}", tag.partition, tag.sequence)
            }
            None => self.plan.origins.to_string(),
        }
    }

    /// The name of the destination that a delivery is from.
    pub(super) fn destination(&self, state: &State, index: u32) -> String {
        match state.entries.get(index as usize) {
            Some(entry) => entry.place(&self.plan.origins).0.to_string(),
            None => self.plan.origins.to_string(),
        }
    }
}

impl State {
    /// The message returns to its entry.
    fn put_back(&mut self, index: u32, message: Option<binder_core::Message>) {
        if let Some(entry) = self.entries.get_mut(index as usize)
            && message.is_some()
        {
            entry.message = message;
        }
    }

    /// Those deliveries are settled with this one.
    fn join(&mut self, index: u32, others: Vec<u32>) {
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.joined = others;
        }
    }

    pub(super) fn return_unstarted(&mut self, item: Item) -> u32 {
        self.put_back(item.index, Some(item.message));
        item.index
    }
}

/// A failure of an output, as a failure of its source.
pub(super) fn refused(output: &str, why: &binder_core::Error) -> Failure {
    Failure::new(Class::Permanent, format!("output `{output}` was refused: {why}"))
}

pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
