//! What the modelled files know as `crate::sync`.

use std::sync::{LockResult, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(crate) use loom::sync::{Mutex, MutexGuard};

/// As in the binders.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One that never times out.
#[derive(Debug, Default)]
pub(crate) struct Condvar(loom::sync::Condvar);

impl Condvar {
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        _: Duration,
        mut sleeps: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        while sleeps(&mut guard) {
            guard = self.0.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        Ok((guard, ()))
    }
}

/// Tokio's contract for one task that waits: a notification that comes first is kept, and several
/// are one.
#[derive(Debug, Default)]
pub(crate) struct Notify(Mutex<Notified>);

#[derive(Debug, Default)]
struct Notified {
    permit: bool,
    waker: Option<Waker>,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn notify_one(&self) {
        let waker = {
            let mut notified = lock(&self.0);
            notified.permit = true;
            notified.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) async fn notified(&self) {
        std::future::poll_fn(|cx| {
            let mut notified = lock(&self.0);
            if std::mem::take(&mut notified.permit) {
                return Poll::Ready(());
            }
            notified.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
