//! What threads meet by. Files that name nothing else of the kind run in `models/` too, under every
//! interleaving.

use std::sync::PoisonError;

pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard};

/// Locks; what the mutex guards is left in order between any two statements, so a poisoned one
/// is as good as a sound one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
