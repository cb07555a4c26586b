//! What has to be done once the lock is free.

use std::task::Waker;

use binder_core::{Message, Settlement, Tag};

use super::{Counts, Flow, State};

/// Gathered under the lock, carried out after it.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) settled: Vec<(Tag, Settlement)>,
    /// What is freed without the lock.
    pub(crate) gone: Vec<Message>,
    wakers: Vec<Waker>,
    pub(crate) wake_pump: bool,
    notes: Vec<(tracing::Level, String)>,
    /// What is about to be acknowledged, for the ledger of the kill test.
    #[cfg(feature = "fault-hooks")]
    pub(crate) done: Vec<String>,
}

impl Effects {
    /// A line for the log.
    pub(crate) fn note(&mut self, level: tracing::Level, text: String) {
        self.notes.push((level, text));
    }

    /// Wakes as many idle lane tasks as lanes are ready.
    pub(crate) fn wake_lanes(&mut self, state: &mut State) {
        if !state.may_start() {
            return;
        }
        let mut ready = state.lanes.ready();
        for waker in &mut state.idle {
            if ready == 0 {
                break;
            }
            if let Some(waker) = waker.take() {
                self.wakers.push(waker);
                ready -= 1;
            }
        }
    }

    /// Wakes every idle lane task.
    pub(crate) fn wake_all(&mut self, state: &mut State) {
        self.wakers.extend(state.idle.iter_mut().filter_map(Option::take));
        self.wake_pump = true;
    }
}

impl Flow {
    /// Settles and wakes.
    pub(crate) fn apply(&self, effects: &mut Effects) {
        effects.gone.clear();
        if !effects.settled.is_empty() {
            #[cfg(feature = "fault-hooks")]
            effects.done.drain(..).for_each(|name| crate::runtime::hooks::done(&name));
            Counts::add(&self.counts.settled, effects.settled.len());
            self.acker.settle(&effects.settled);
            let mut state = self.lock();
            state.settling -= effects.settled.len();
            effects.wake_pump |= !state.phase.is_running();
            drop(state);
            effects.settled.clear();
        }
        for waker in effects.wakers.drain(..) {
            waker.wake();
        }
        if std::mem::take(&mut effects.wake_pump) {
            self.pump.wake();
        }
        if let Some((_, text)) = effects.notes.last() {
            self.counts.note_error(text.as_str());
        }
        for (level, text) in effects.notes.drain(..) {
            let (function, binding) = (self.plan.function, &self.plan.binding);
            if level == tracing::Level::ERROR {
                tracing::error!(function, binding, "{text}");
            } else {
                tracing::warn!(function, binding, "{text}");
            }
        }
    }
}
