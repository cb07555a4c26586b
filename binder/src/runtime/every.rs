//! A stream of ticks for emitters.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::time::{Interval, MissedTickBehavior};

/// One item at once and then one every `period`, late ones not made up for.
///
/// # Panics
///
/// If `period` is zero.
///
/// ```
/// # use std::time::Duration;
/// use binder::prelude::*;
///
/// #[stream_emitter]
/// #[output("heartbeats")]
/// fn beat() -> impl Stream<Item = u64> {
///     let mut count = 0;
///     every(Duration::from_secs(10)).map(move |()| { count += 1; count })
/// }
/// ```
#[must_use]
pub fn every(period: Duration) -> Every {
    assert!(!period.is_zero(), "the period of `every` is zero");
    Every { period, interval: None }
}

/// The stream of [`every`].
#[derive(Debug)]
pub struct Every {
    period: Duration,
    /// Made at the first poll, where there is a runtime.
    interval: Option<Interval>,
}

impl Stream for Every {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let period = self.period;
        let interval = self.interval.get_or_insert_with(|| {
            let mut interval = tokio::time::interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        });
        interval.poll_tick(cx).map(|_| Some(()))
    }
}
