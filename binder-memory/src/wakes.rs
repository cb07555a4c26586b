//! Tasks to wake once the lock is free.

use std::task::Waker;

/// Wakers collected under a lock; waking runs foreign code, which must not run under it.
#[derive(Debug, Default)]
pub(crate) struct Wakes(Vec<Waker>);

impl Wakes {
    /// Takes a waker along, if there is one.
    pub(crate) fn take(&mut self, waker: &mut Option<Waker>) {
        self.0.extend(waker.take());
    }

    /// Takes along every waiting waker that `ready` says yes to.
    pub(crate) fn take_if<T>(
        &mut self,
        waiting: &mut Vec<(T, Waker)>,
        mut ready: impl FnMut(&T) -> bool,
    ) {
        self.0.extend(waiting.extract_if(.., |(what, _)| ready(what)).map(|(_, waker)| waker));
    }

    /// Wakes them all.
    pub(crate) fn wake(self) {
        self.0.into_iter().for_each(Waker::wake);
    }
}

/// Adds a waker to a list unless it waits there for the same already.
pub(crate) fn wait<T: PartialEq>(waiting: &mut Vec<(T, Waker)>, what: T, waker: &Waker) {
    if !waiting.iter().any(|(other, known)| *other == what && known.will_wake(waker)) {
        waiting.push((what, waker.clone()));
    }
}
