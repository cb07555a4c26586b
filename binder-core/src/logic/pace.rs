//! So many a second, and no more.
//!
//! # Laws
//!
//! 1. Within any time `t` at most `rate * t` and one burst may go, a burst being a tenth of a
//!    second's worth and at least one.
//! 2. Whoever waits as long as he is told may go then.

use std::time::Duration;

/// An allowance that grows with time. Time comes in as the time since any fixed moment.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// A second's worth; not below one a year, so that every wait has an end.
    rate: f64,
    /// The longest allowance.
    burst: f64,
    allowed: f64,
    at: Duration,
}

impl Pace {
    /// A pace of `rate` a second, which begins with a full burst at time zero.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        let rate = if rate.is_finite() { rate.max(1e-7) } else { f64::MAX };
        let burst = (rate / 10.0).max(1.0);
        Self { rate, burst, allowed: burst, at: Duration::ZERO }
    }

    /// Takes one if it may go now; otherwise says how long to wait.
    ///
    /// # Errors
    ///
    /// The time after which one may go.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.allowed = (self.allowed + passed * self.rate).min(self.burst);
        // What is short by rounding alone would be waited for without an end.
        if self.allowed >= 1.0 - 1e-6 {
            self.allowed -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - self.allowed) / self.rate);
        // Rounded up: after the wait it is time.
        Err(wait + Duration::from_nanos(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_more_than_the_rate_and_a_burst(
            rate in 1_u32..5_000,
            waits in prop::collection::vec(0_u64..200, 1..200),
        ) {
            let mut pace = Pace::new(f64::from(rate));
            let burst = (f64::from(rate) / 10.0).max(1.0);
            let (mut now, mut gone) = (Duration::ZERO, 0_u32);
            for wait in waits {
                now += Duration::from_millis(wait);
                for _ in 0..100 {
                    match pace.take(now) {
                        Ok(()) => gone += 1,
                        Err(wait) => {
                            prop_assert!(wait > Duration::ZERO);
                            prop_assert!(wait.as_secs_f64() <= 1.0 / f64::from(rate) + 1e-6);
                            now += wait;
                            prop_assert_eq!(pace.take(now), Ok(()));
                            gone += 1;
                        }
                    }
                }
                let most = now.as_secs_f64() * f64::from(rate) + burst + 0.01;
                prop_assert!(f64::from(gone) <= most, "{gone} in {now:?}");
            }
        }
    }
}
