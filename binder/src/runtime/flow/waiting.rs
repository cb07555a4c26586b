//! Messages that wait at the broker to be tried again: they go out, and come in again.

use std::time::Duration;

use binder_core::logic::attempts::Attempts;
use binder_core::logic::retry::{self, Again};
use binder_core::{Delivery, Tag};
use tracing::Level;

use super::report::now_ms;
use super::{Due, Effects, Entry, Flow, Source, State};
use crate::function::failure::Failure;

/// What a published message is to its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// What the function made of it.
    Output,
    /// Its dead letter.
    DeadLetter,
    /// Its copy that waits to be tried again.
    Again,
}

impl Flow {
    /// What is published under that index: outputs come first, then dead letters, then copies that
    /// wait, by waits and for each wait by destinations.
    pub(super) fn role(&self, output: usize) -> Role {
        match output.checked_sub(self.dead_letters()) {
            None => Role::Output,
            Some(letter) if letter < self.plan.letters => Role::DeadLetter,
            Some(_) => Role::Again,
        }
    }

    /// Sends a copy to where it waits; the source is settled when that is confirmed.
    pub(super) fn wait_at_broker(
        &self,
        state: &mut State,
        index: u32,
        failures: u32,
        failure: &Failure,
        effects: &mut Effects,
    ) {
        let plan = &self.plan;
        let step = retry::step(&plan.waits, failures, &plan.backoff);
        let wait = plan.waits.get(step).copied().unwrap_or_default();
        let place = self.place(state, index);
        let Some(entry) = state.entries.get(index as usize) else { return };
        let Some(message) = &entry.message else { return };
        let (_, Tag { partition, sequence: position, .. }) = entry.place(&plan.origins);
        let due = now_ms().saturating_add(milliseconds(wait));
        let copy = retry::requeue(message, &Again { attempts: failures, due, partition, position });
        let at = step * plan.origins.len() + plan.origins.source(entry.tag);
        let output = self.dead_letters() + plan.letters + at;
        let source = Source { index, serial: entry.serial };
        let token = state.sends.add(output, copy, source);
        state.dead.push(token);
        effects.wake_pump = true;
        effects.note(
            Level::WARN,
            format!(
                "{place} failed, attempt {failures}: {failure}; waits at the broker for {wait:.1?}"
            ),
        );
    }

    /// Whether a delivery has waited at the broker.
    pub(super) fn has_waited(&self, delivery: &Delivery) -> bool {
        !self.plan.waits.is_empty() && self.plan.origins.wait(delivery.tag).is_some()
    }

    /// Takes a message in that has waited, and holds it for what is left of its wait.
    ///
    /// Clocks of two processes may differ: what is left is never more than the whole wait.
    pub(super) fn accept_again(
        &self,
        state: &mut State,
        mut delivery: Delivery,
        effects: &mut Effects,
    ) {
        let again = retry::take(&mut delivery.message);
        let lane = self.lane(state, &delivery);
        state.serial = state.serial.wrapping_add(1);
        let (tag, earlier) = (delivery.tag, delivery.earlier_attempts);
        let mut entry = Entry::new(delivery, lane, state.serial, state.clock);
        let mut left = Duration::ZERO;
        if let Some(Again { attempts, due, partition, position }) = again {
            entry.attempts = Attempts::new(attempts.max(earlier));
            entry.first = Some(Box::new(Tag { partition, sequence: position, ..tag }));
            let wait = self.plan.origins.wait(tag).and_then(|step| self.plan.waits.get(step));
            let until = u64::try_from(due.saturating_sub(now_ms())).unwrap_or(0);
            left = Duration::from_millis(until).min(wait.copied().unwrap_or_default());
        }
        state.bytes += entry.size;
        let serial = entry.serial;
        let index = state.entries.insert(entry) as u32;
        if left.is_zero() {
            state.lanes.push(lane, index);
        } else {
            state.timers.ask(left, Due::Feed(Source { index, serial }));
            effects.wake_pump = true;
        }
    }
}

fn milliseconds(wait: Duration) -> i64 {
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
}
