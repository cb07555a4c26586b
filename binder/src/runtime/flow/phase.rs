//! Running, draining, drained.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use tracing::Level;

use super::{Effects, Flow, State};
use crate::function::failure::Failure;
use crate::function::position::Position;

/// How far a binding has come.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Deliveries come in and are handled.
    Running,
    /// What has started is finished, what has not is given back. With a reason where the binding
    /// stops by itself.
    Draining(Option<binder_core::Error>),
}

impl Phase {
    pub(crate) const fn is_running(&self) -> bool {
        matches!(self, Self::Running)
    }
}

impl Flow {
    /// Begins to drain; the first reason stays. Without a reason it was told to, and holds nothing.
    pub(crate) fn drain(&self, reason: Option<binder_core::Error>) {
        let mut effects = Effects::default();
        let mut state = self.lock();
        state.leaving |= reason.is_none();
        self.begin_drain(&mut state, reason, &mut effects);
        drop(state);
        self.apply(&mut effects);
    }

    /// The subscription has ended with an error: nothing is held any more.
    pub(crate) fn end(&self, error: binder_core::Error) {
        let mut effects = Effects::default();
        let mut state = self.lock();
        state.ended = true;
        self.begin_drain(&mut state, Some(error), &mut effects);
        drop(state);
        self.apply(&mut effects);
    }

    fn begin_drain(
        &self,
        state: &mut State,
        reason: Option<binder_core::Error>,
        effects: &mut Effects,
    ) {
        if reason.is_some() {
            state.failing |= state.phase.is_running();
            self.failing.send_replace(true);
            state.entries.iter_mut().for_each(|(_, entry)| entry.finishing = false);
        } else if state.phase.is_running() {
            self.choose_finishing(state, |_| true);
            self.give_up_later(state, effects);
        }
        match &mut state.phase {
            Phase::Running => {
                state.phase = Phase::Draining(reason);
                state.since = SystemTime::now();
            }
            Phase::Draining(known) => {
                if known.is_none() {
                    *known = reason;
                }
            }
        }
        self.give_back(state, effects, |entry| !entry.finishing);
        self.interrupt();
        effects.wake_all(state);
    }

    /// The binding stops at a message that is neither handled nor allowed to be lost: it stays
    /// unsettled, and the log says where and what to do.
    pub(super) fn stop_at(
        &self,
        state: &mut State,
        index: u32,
        failure: &Failure,
        effects: &mut Effects,
    ) {
        let place = self.place(state, index);
        let binding = &self.plan.binding;
        let destination = self.destination(state, index);
        let reason = binder_core::Error::new(
            binder_core::ErrorKind::Handler,
            format!("stopped at {place} after {failure}"),
        )
        .at_binder(self.plan.binder.as_str())
        .at_binding(binding.as_str())
        .at_destination(destination)
        .with_hint(format!(
            "set `bindings.{binding}.dead_letter = true` to keep such messages aside, or \
             `bindings.{binding}.on_exhausted = \"drop\"` to drop them"
        ));
        effects.note(Level::ERROR, reason.to_string());
        if let Some(entry) = state.entries.try_remove(index as usize) {
            state.bytes -= entry.size;
            let (destination, tag) = entry.place(&self.plan.origins);
            let position = || Position::new(destination.clone(), tag);
            state.stopped_at.get_or_insert_with(position);
            state.held.get_or_insert(entry.tag);
        }
        self.begin_drain(state, Some(reason), effects);
    }

    /// Takes nothing more in and starts nothing more; what has started is finished, and the binding
    /// stays what it is at the broker. Or goes on.
    pub(crate) fn pause(&self, paused: bool) {
        let mut effects = Effects::default();
        let mut state = self.lock();
        // One that stops finishes what it has chosen to.
        if state.phase.is_running() && std::mem::replace(&mut state.paused, paused) != paused {
            self.paused.store(paused, Ordering::Release);
            state.since = SystemTime::now();
            effects.wake_all(&mut state);
            self.interrupt();
        }
        drop(state);
        self.apply(&mut effects);
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    /// Whether it stops and no lane waits to be started.
    pub(crate) fn has_nothing_to_start(&self) -> bool {
        let state = self.lock();
        !state.phase.is_running() && state.lanes.ready() == 0
    }

    /// Whether nothing is in progress any more.
    pub(crate) fn is_drained(&self) -> bool {
        let state = self.lock();
        let done = state.entries.is_empty() && state.sends.is_empty() && state.settling == 0;
        !state.phase.is_running() && (done || state.abandoned)
    }

    /// Whether it is not to be closed although it is drained: it has stopped at a message, and
    /// nobody has told it to leave.
    pub(crate) fn holds(&self) -> bool {
        let state = self.lock();
        let holds = self.plan.holds && state.stopped_at.is_some();
        holds && !state.leaving && !state.abandoned && !state.ended
    }

    /// Waits no longer for what is in progress: a task that had it in hand is gone.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        if !std::mem::replace(&mut state.abandoned, true) {
            drop(state);
            self.wake_pump();
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.lock().phase.is_running()
    }

    /// Why the binding stopped by itself, if it did.
    pub(crate) fn reason(&self) -> Option<binder_core::Error> {
        match &mut self.lock().phase {
            Phase::Draining(reason) => reason.take(),
            Phase::Running => None,
        }
    }
}
