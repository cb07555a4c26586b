//! What is to be seen of an input from outside.

use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Flow, Phase};
use crate::function::position::Position;

/// An input at one moment.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) doing: Doing,
    /// Since when it has been doing that.
    pub(crate) since: SystemTime,
    /// Messages that were delivered and are not settled.
    pub(crate) in_flight: usize,
    /// How long the oldest of them has been.
    pub(crate) oldest: Option<Duration>,
    /// Something that was refused is being sent again.
    pub(crate) blocked: bool,
}

/// What an input does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It waits for its first assignment.
    Waiting,
    /// It reads.
    Reading,
    /// It was paused.
    Paused,
    /// It was told to drain.
    Draining,
    /// It stops by itself.
    Failing,
}

impl Flow {
    pub(crate) fn look(&self, now: Instant) -> Look {
        let state = self.lock();
        let doing = match (&state.phase, state.paused) {
            (Phase::Draining(_), _) if state.failing => Doing::Failing,
            (Phase::Draining(_), _) => Doing::Draining,
            (Phase::Running, _) if !*self.assigned.borrow() => Doing::Waiting,
            (Phase::Running, true) => Doing::Paused,
            (Phase::Running, false) => Doing::Reading,
        };
        // Delivered since the clock was last read counts as delivered then.
        let millis = self.millis(now);
        let oldest = state.entries.iter().map(|(_, entry)| millis.wrapping_sub(entry.at)).max();
        Look {
            doing,
            since: state.since,
            in_flight: state.entries.len(),
            oldest: oldest.map(|age| Duration::from_millis(u64::from(age))),
            blocked: state.sends.is_refused(),
        }
    }

    /// Milliseconds since the flow began; they begin again after 49 days, so only differences mean
    /// something.
    pub(super) fn millis(&self, now: Instant) -> u32 {
        now.saturating_duration_since(self.begun).as_millis() as u32
    }

    /// The binder has assigned what is read.
    pub(crate) fn assigned(&self) {
        self.lock().since = SystemTime::now();
        self.assigned.send_replace(true);
    }

    /// Tells when that has come.
    pub(crate) fn when_assigned(&self) -> watch::Receiver<bool> {
        self.assigned.subscribe()
    }

    pub(crate) fn is_assigned(&self) -> bool {
        *self.assigned.borrow()
    }

    /// It is drained, and holds what it was assigned.
    pub(crate) fn hold(&self) {
        self.holding.send_if_modified(|holding| !std::mem::replace(holding, true));
    }

    /// Tells when it does.
    pub(crate) fn when_holding(&self) -> watch::Receiver<bool> {
        self.holding.subscribe()
    }

    /// Tells when the binding begins to stop by itself.
    pub(crate) fn when_failing(&self) -> watch::Receiver<bool> {
        self.failing.subscribe()
    }

    /// Whether the binding stops, or has stopped, by itself.
    pub(crate) fn has_failed(&self) -> bool {
        self.lock().failing
    }

    /// The message at which the binding has stopped by itself, if it was one.
    pub(crate) fn stopped_at(&self) -> Option<Position> {
        self.lock().stopped_at.clone()
    }
}
