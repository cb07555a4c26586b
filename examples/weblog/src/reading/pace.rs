//! How fast lines may go.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// How far a reader that was held up may catch up.
const CATCH_UP: Duration = Duration::from_secs(1);

/// So many lines a second, evenly.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: NonZeroU32,
    start: Option<Instant>,
    gone: u64,
}

impl Pace {
    pub(super) const fn new(per_second: NonZeroU32) -> Self {
        Self { per_second, start: None, gone: 0 }
    }

    /// How long the next line has to wait, `now`.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        let start = *self.start.get_or_insert(now);
        let mut due = start + self.span(self.gone);
        if due + CATCH_UP < now {
            (self.start, self.gone, due) = (Some(now), 0, now);
        }
        self.gone += 1;
        due.saturating_duration_since(now)
    }

    /// The time that so many lines take.
    fn span(&self, lines: u64) -> Duration {
        let rate = u64::from(self.per_second.get());
        Duration::from_secs(lines / rate)
            + Duration::from_secs(1).mul_f64((lines % rate) as f64 / rate as f64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn after_a_long_halt_the_pace_starts_again() {
        let start = Instant::now();
        let mut pace = Pace::new(NonZeroU32::new(10).unwrap());
        assert_eq!(pace.wait(start), Duration::ZERO);
        let late = start + Duration::from_secs(60);
        assert_eq!(pace.wait(late), Duration::ZERO);
        assert_eq!(pace.wait(late), Duration::from_millis(100));
    }

    proptest! {
        #[test]
        fn no_line_goes_before_its_time(rate in 1u32..5_000, lines in 1u64..20_000) {
            let start = Instant::now();
            let mut now = start;
            let mut pace = Pace::new(NonZeroU32::new(rate).unwrap());
            for _ in 0..lines {
                now += pace.wait(now);
            }
            let due = (lines - 1) as f64 / f64::from(rate);
            prop_assert!(((now - start).as_secs_f64() - due).abs() < 0.001);
        }

        #[test]
        fn a_second_never_sees_more_than_two_seconds_worth(
            rate in 1u32..100, halts in proptest::collection::vec(0u64..3_000, 1..50),
        ) {
            let mut now = Instant::now();
            let mut pace = Pace::new(NonZeroU32::new(rate).unwrap());
            let mut gone = Vec::new();
            for halt in halts.iter().cycle().take(halts.len() * 5) {
                now += pace.wait(now);
                gone.push(now);
                now += Duration::from_millis(*halt / 20);
            }
            for (index, first) in gone.iter().enumerate() {
                let second = *first + Duration::from_secs(1);
                let within = gone[index..].iter().filter(|at| **at < second).count();
                prop_assert!(within <= 2 * rate as usize + 1);
            }
        }
    }
}
