//! Knows when every message taken so far has been reported.

use std::task::{Context, Poll, Waker};

use crate::sync::{AtomicUsize, Mutex, Ordering, lock};
use crate::wakes::{Wakes, wait};

/// Counts the publish calls that have not yet reported what they took.
///
/// A call reports before it returns, so this is above zero only while another thread is in one.
#[derive(Debug, Default)]
pub(crate) struct Reporting {
    calls: AtomicUsize,
    waiting: Mutex<Vec<((), Waker)>>,
}

/// One publish call; over when dropped, also by a panic of whoever it reports to.
#[derive(Debug)]
pub(crate) struct Call<'a>(&'a Reporting);

impl Reporting {
    /// Begins a call.
    pub(crate) fn begin(&self) -> Call<'_> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Call(self)
    }

    /// Ready when no call is under way.
    pub(crate) fn poll_idle(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.calls.load(Ordering::SeqCst) == 0 {
            return Poll::Ready(());
        }
        wait(&mut lock(&self.waiting), (), cx.waker());
        // The last call may have ended before the waker stood in the list.
        if self.calls.load(Ordering::SeqCst) == 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.0.calls.fetch_sub(1, Ordering::SeqCst) == 1 {
            let mut wakes = Wakes::default();
            wakes.take_if(&mut lock(&self.0.waiting), |()| true);
            wakes.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Alarm(AtomicUsize);

    impl Wake for Alarm {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_flush_waits_for_every_call_under_way() {
        let alarm = Arc::new(Alarm::default());
        let waker = Waker::from(alarm.clone());
        let mut cx = Context::from_waker(&waker);
        let reporting = Reporting::default();
        assert!(reporting.poll_idle(&mut cx).is_ready());
        let (one, two) = (reporting.begin(), reporting.begin());
        drop(one);
        assert!(reporting.poll_idle(&mut cx).is_pending());
        assert!(reporting.poll_idle(&mut cx).is_pending());
        assert_eq!(alarm.0.load(Ordering::SeqCst), 0);
        drop(two);
        assert_eq!(alarm.0.load(Ordering::SeqCst), 1, "woken once, though it asked twice");
        assert!(reporting.poll_idle(&mut cx).is_ready());
    }
}
