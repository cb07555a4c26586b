//! What a scripted output answers.

use std::fmt;
use std::time::Duration;

use binder_core::{Error, Message};

/// When an accepted message is reported, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Confirmed on the caller's thread, before the call returns.
    AtOnce,
    /// Confirmed by the output's own task, after this much (virtual) time.
    After(Duration),
    /// Confirmed when the test says so.
    ByHand,
    /// Reported as unknown, on the caller's thread.
    Unknown,
    /// Never reported: the completion is dropped.
    Dropped,
}

/// Refuses the first messages that match.
pub(super) struct Refusal {
    left: usize,
    matches: Box<dyn Fn(&Message) -> bool + Send>,
    error: Box<dyn Fn() -> Error + Send>,
}

impl Refusal {
    pub(super) fn new(
        count: usize,
        matches: impl Fn(&Message) -> bool + Send + 'static,
        error: impl Fn() -> Error + Send + 'static,
    ) -> Self {
        Self { left: count, matches: Box::new(matches), error: Box::new(error) }
    }

    /// The refusal of this message, if it is one of those.
    pub(super) fn refuse(&mut self, message: &Message) -> Option<Error> {
        if self.left == 0 || !(self.matches)(message) {
            return None;
        }
        self.left -= 1;
        Some((self.error)())
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("left", &self.left).finish_non_exhaustive()
    }
}
