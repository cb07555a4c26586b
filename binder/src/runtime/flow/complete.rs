//! What became of outputs and dead letters.

use std::task::{Context, Poll};
use std::time::Duration;

use binder_core::logic::attempts::{Action, Event};
use binder_core::{Completed, Completions, ErrorKind};
use tokio::time::Instant;
use tracing::Level;

use super::{Counts, Due, Effects, Flow, Role, State, report};
use crate::runtime::outboxes::Outboxes;
use crate::runtime::plan::RESEND;

impl Completions for Flow {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        Counts::add(&self.counts.completed, batch.len());
        let mut effects = Effects::default();
        let mut reports = batch.drain(..);
        while reports.len() > 0 {
            let mut state = self.lock();
            let refused = state.sends.is_refused();
            for (token, what) in reports.by_ref().take(CHUNK) {
                self.completed(&mut state, token, what, &mut effects);
            }
            if refused && !state.sends.is_refused() {
                state.go_on(&mut effects);
            }
            effects.wake_pump |= !state.phase.is_running();
            drop(state);
            effects.gone.clear();
        }
        drop(reports);
        self.apply(&mut effects);
    }
}

/// Completions that are taken under one lock: lane tasks need it too.
const CHUNK: usize = 64;

impl Flow {
    fn completed(&self, state: &mut State, token: u64, what: Completed, effects: &mut Effects) {
        match what {
            Completed::Confirmed(_) => self.confirmed(state, token, effects),
            Completed::Refused(why) => {
                self.not_confirmed(state, token, why.is_transient(), &why, effects);
            }
            Completed::Unknown(why) => self.not_confirmed(state, token, true, &why, effects),
            _ => {}
        }
    }

    fn confirmed(&self, state: &mut State, token: u64, effects: &mut Effects) {
        let Some(sent) = state.sends.remove(token) else { return };
        effects.gone.push(sent.message);
        let index = sent.source.index;
        let Some(entry) = state.entries.get_mut(index as usize) else { return };
        if entry.serial != sent.source.serial {
            return;
        }
        let role = self.role(sent.output);
        let event = match role {
            Role::Output => Event::Confirmed,
            Role::DeadLetter => Event::DeadLettered,
            Role::Again => Event::Requeued,
        };
        if let Action::Settle(settlement) = entry.attempts.next(&self.plan.policy, event) {
            if role == Role::DeadLetter {
                Counts::add(&self.counts.dead_lettered, 1);
            }
            self.settle(state, index, settlement, effects);
        }
    }

    fn not_confirmed(
        &self,
        state: &mut State,
        token: u64,
        transient: bool,
        why: &binder_core::Error,
        effects: &mut Effects,
    ) {
        Counts::add(&self.counts.refused, 1);
        let Some(sent) = state.sends.sent(token) else { return };
        let (output, source) = (sent.output, sent.source);
        let entry = state.entries.get_mut(source.index as usize);
        let Some(entry) = entry.filter(|entry| entry.serial == source.serial) else {
            state.sends.remove(token);
            return;
        };
        let role = self.role(output);
        #[cfg(feature = "mutant-call-again")]
        if role == Role::Output && transient {
            return self.call_again(state, token, source.index);
        }
        let event = match role {
            Role::Output => Event::Refused { transient },
            Role::DeadLetter => Event::DeadLetterRefused,
            Role::Again => Event::RequeueRefused,
        };
        match entry.attempts.next(&self.plan.policy, event) {
            Action::Wait => drop(state.sends.remove(token)),
            Action::Republish { .. } => state.send_again(token, why, effects),
            _ if role != Role::Output && why.kind() == ErrorKind::TooLarge => {
                state.sends.remove(token);
                let what = if role == Role::Again { "retry" } else { "dead letters" };
                let failure = report::refused(what, why);
                self.stop_at(state, source.index, &failure, effects);
            }
            _ if role != Role::Output => state.send_again(token, why, effects),
            action => {
                state.sends.remove(token);
                state.sends.forget_waiting(source);
                let name = self.plan.outputs.get(output).map_or("", String::as_str);
                let failure = report::refused(name, why);
                self.give_up_joined(state, source.index, action, &failure, effects);
            }
        }
    }

    /// What a refused publish must not do.
    #[cfg(feature = "mutant-call-again")]
    fn call_again(&self, state: &mut State, token: u64, index: u32) {
        state.sends.remove(token);
        if let Some(entry) = state.entries.get_mut(index as usize) {
            let earlier = entry.attempts.attempt() - 1;
            entry.attempts = binder_core::logic::attempts::Attempts::new(earlier);
            self.call_later(state, index, Vec::new(), Duration::from_millis(1));
            self.wake_pump();
        }
    }

    /// Deliveries that were joined share the fate of their output.
    fn give_up_joined(
        &self,
        state: &mut State,
        index: u32,
        action: Action,
        failure: &crate::function::failure::Failure,
        effects: &mut Effects,
    ) {
        let joined = state.entries.get_mut(index as usize).map(|e| std::mem::take(&mut e.joined));
        self.give_up(state, index, action, failure, effects);
        for joined in joined.unwrap_or_default() {
            let Some(entry) = state.entries.get_mut(joined as usize) else { continue };
            entry.attempts.next(&self.plan.policy, Event::Returned { outputs: 1 });
            let event = Event::Refused { transient: false };
            let action = entry.attempts.next(&self.plan.policy, event);
            self.give_up(state, joined, action, failure, effects);
        }
    }

    /// Carries out what is due and hands the pump what it has to publish. Gives the next instant.
    pub(crate) fn tick(
        &self,
        now: Instant,
        due: &mut Vec<Due>,
        outboxes: &mut Outboxes,
        effects: &mut Effects,
    ) -> Option<Instant> {
        let mut state = self.lock();
        state.clock = self.millis(now);
        state.timers.take_due(now, due);
        let mut again = Vec::new();
        for what in due.drain(..) {
            match what {
                Due::Resume(lane) => state.lanes.resume(lane),
                Due::Feed(source) => {
                    // What has waited at the broker is not fed again, it comes.
                    let again = self.plan.stream && self.plan.waits.is_empty();
                    Counts::add(&self.counts.fed_again, usize::from(again));
                    state.feed_again(source);
                }
                Due::GiveUp => self.give_up_finishing(&mut state, effects),
                Due::Resend => {
                    state.resending = false;
                    again = state.sends.take_waiting();
                }
            }
        }
        for (token, output, message) in again {
            outboxes.push(output, token, message);
        }
        for token in std::mem::take(&mut state.dead) {
            if let Some(sent) = state.sends.sent(token) {
                outboxes.push(sent.output, token, sent.message.clone());
            }
        }
        effects.wake_lanes(&mut state);
        let next = state.timers.next();
        drop(state);
        self.apply(effects);
        next
    }
}

impl Flow {
    /// Hands what stands in the outboxes to the publishers; ready when they have taken everything.
    ///
    /// What a full publisher has not taken when an earlier message is refused waits behind that
    /// one instead: it would overtake it.
    pub(crate) fn publish(&self, outboxes: &mut Outboxes, cx: &mut Context<'_>) -> Poll<()> {
        // Also while the pump hands over what was refused: a full publisher may keep it from that.
        self.park_stuck(outboxes, true);
        outboxes.poll_publish(cx)
    }

    /// The same for the pump, which hands over what was refused.
    pub(crate) fn publish_again(&self, outboxes: &mut Outboxes, cx: &mut Context<'_>) -> Poll<()> {
        self.park_stuck(outboxes, false);
        outboxes.poll_publish(cx)
    }

    fn park_stuck(&self, outboxes: &mut Outboxes, behind_the_pump: bool) {
        if !outboxes.is_stuck() {
            return;
        }
        let mut state = self.lock();
        if state.resending && state.sends.is_waiting()
            || behind_the_pump && state.sends.is_handing()
        {
            let back = outboxes.take_back(self.dead_letters());
            back.for_each(|token| state.sends.park(token));
        }
    }

    /// The publishers have taken everything that the pump had for them.
    pub(crate) fn handed(&self, effects: &mut Effects) {
        let mut state = self.lock();
        if !state.sends.is_stalled() {
            return;
        }
        state.sends.handed();
        if !state.sends.is_refused() {
            state.go_on(effects);
        }
        drop(state);
        self.apply(effects);
    }
}

impl State {
    /// No message is refused any more: what was parked behind those that were goes out, then
    /// everything else.
    fn go_on(&mut self, effects: &mut Effects) {
        if self.sends.is_waiting() && !std::mem::replace(&mut self.resending, true) {
            self.timers.ask(Duration::ZERO, Due::Resend);
        }
        effects.wake_lanes(self);
        effects.wake_pump = true;
    }

    /// The same bytes once more, with the others that were refused, when the back-off is over.
    fn send_again(&mut self, token: u64, why: &binder_core::Error, effects: &mut Effects) {
        let refusals = self.sends.refuse(token).unwrap_or(1);
        if !self.resending {
            self.resending = true;
            let unit = self.unit();
            let delay = RESEND.delay(refusals, unit);
            self.timers.ask(delay, Due::Resend);
            effects.note(
                Level::WARN,
                format!("a publish was not confirmed, input paused, again in {delay:.1?}: {why}"),
            );
        }
        effects.wake_pump = true;
    }
}
