//! What a poll thread sleeps on.

use std::sync::PoisonError;
use std::time::Duration;

use crate::sync::{Condvar, Mutex, lock};

/// A thread sleeps until someone rings; a ring that comes before the sleep ends it at once.
///
/// Librdkafka rings while it holds a lock of its own, so nobody may call librdkafka with the
/// bell's lock held.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    ringing: Condvar,
}

impl Bell {
    /// Wakes the thread.
    pub(crate) fn ring(&self) {
        let mut rung = lock(&self.rung);
        if !*rung {
            *rung = true;
            self.ringing.notify_one();
        }
    }

    /// Sleeps until a ring or for `limit`; says whether it was a ring.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        let (mut rung, _) = self
            .ringing
            .wait_timeout_while(lock(&self.rung), limit, |rung| !*rung)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_ring_is_kept_and_used_up_once() {
        let bell = Bell::default();
        bell.ring();
        bell.ring();
        assert!(bell.wait(Duration::from_secs(60)));
        assert!(!bell.wait(Duration::ZERO));
    }
}
