//! What an operator wants to know of one input, counted where a lock is held or a batch passes
//! anyway.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Counts of one input, over all its starts and stops.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) received: AtomicU64,
    /// Acknowledged and released.
    pub(crate) settled: AtomicU64,
    pub(crate) released: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) dead_lettered: AtomicU64,
    pub(crate) dropped: AtomicU64,
    /// Outputs and dead letters of which it is known what became of them, or that nobody knows.
    pub(crate) completed: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) fed_again: AtomicU64,
    last_error: Mutex<Option<(String, SystemTime)>>,
}

impl Counts {
    pub(crate) fn add(count: &AtomicU64, by: usize) {
        count.fetch_add(by as u64, Ordering::Relaxed);
    }

    /// Remembers what went wrong last.
    pub(crate) fn note_error(&self, text: impl Into<String>) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((text.into(), SystemTime::now()));
    }

    /// What went wrong last, and when.
    pub(crate) fn last_error(&self) -> Option<(String, SystemTime)> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
