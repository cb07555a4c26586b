//! Waiting for a state without sleeping.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Locks even after another test thread has panicked: its own failure is what to read.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says that something has changed.
#[derive(Debug, Default)]
pub(crate) struct Signal(Notify);

impl Signal {
    /// Lets everybody who waits look again.
    pub(crate) fn changed(&self) {
        self.0.notify_waiters();
    }

    /// Waits until `holds`, which is asked again after every change.
    pub(crate) async fn until(&self, mut holds: impl FnMut() -> bool) {
        loop {
            let mut changed = pin!(self.0.notified());
            // Registered before the question, so that a change in between is not missed.
            changed.as_mut().enable();
            if holds() {
                return;
            }
            changed.await;
        }
    }
}
