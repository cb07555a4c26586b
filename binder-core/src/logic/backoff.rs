//! How long to wait before the next attempt.
//!
//! # Laws
//!
//! 1. A delay is never above `max`.
//! 2. Without jitter it never falls from one failure to the next.
//! 3. With jitter it lies between half of the delay without and the whole.
//! 4. Every input gives a delay: nothing overflows, and a factor that is no number, negative or
//!    below 1 counts as 1.

use std::time::Duration;

/// A delay grows for at most so many failures, which bounds the work for a factor close to 1.
const STEPS: u32 = 10_000;

/// Exponential back-off, with the "equal jitter" of Marc Brooker's *Exponential Backoff And
/// Jitter* (AWS Architecture Blog, 2015): half of the delay stays, the other half is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The delay after the first failure. Default: 1 s.
    pub initial: Duration,
    /// What each further failure multiplies it by. Default: 2.
    pub factor: f64,
    /// The longest delay. Default: 10 s.
    pub max: Duration,
    /// Whether delays are shortened at random, so that many that failed together do not come back
    /// together. Default: yes.
    pub jitter: bool,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            factor: 2.0,
            max: Duration::from_secs(10),
            jitter: true,
        }
    }
}

impl Backoff {
    /// The delay after that many failures (0 counts as 1); `unit`, in `[0, 1)`, is the chance that
    /// jitter takes: 0 gives the shortest delay.
    #[must_use]
    pub fn delay(&self, failures: u32, unit: f64) -> Duration {
        let whole = self.whole(failures);
        if !self.jitter {
            return whole;
        }
        let half = whole / 2;
        let unit = if unit.is_finite() { unit.clamp(0.0, 1.0) } else { 1.0 };
        half.saturating_add((whole - half).mul_f64(unit)).min(whole)
    }

    /// Multiplied step by step, because powers that are rounded differently could fall.
    fn whole(&self, failures: u32) -> Duration {
        // `max` answers the other operand when one is no number.
        let factor = self.factor.max(1.0);
        let most = self.max.as_secs_f64();
        let mut seconds = self.initial.as_secs_f64();
        for _ in 1..failures.min(STEPS) {
            let next = seconds * factor;
            // Nothing times infinity is no number, and the delay of no delay is none.
            if next.is_nan() || next == seconds || seconds >= most {
                break;
            }
            seconds = next;
        }
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_double_from_one_second_to_ten() {
        let backoff = Backoff { jitter: false, ..Backoff::default() };
        let seconds: Vec<_> = (1..=6).map(|n| backoff.delay(n, 0.0).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 10, 10]);
        assert_eq!(backoff.delay(0, 0.5), backoff.delay(1, 0.5));
        assert_eq!(backoff.delay(u32::MAX, 0.5).as_secs(), 10);
        let nothing = Backoff { initial: Duration::ZERO, factor: f64::INFINITY, ..backoff };
        assert_eq!(nothing.delay(3, 0.0), Duration::ZERO);
    }

    #[test]
    fn jitter_draws_the_upper_half() {
        let backoff = Backoff::default();
        assert_eq!(backoff.delay(3, 0.0), Duration::from_secs(2));
        assert_eq!(backoff.delay(3, 0.5), Duration::from_secs(3));
    }
}
