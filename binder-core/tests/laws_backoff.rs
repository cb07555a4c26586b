//! The laws of `logic::backoff`, for every configuration, sensible or not.

use std::time::Duration;

use proptest::num::f64;
use proptest::prelude::*;

use binder_core::logic::backoff::Backoff;

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0..100_000_u64).prop_map(Duration::from_millis),
        (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(s, n)| Duration::new(s, n)),
    ]
}

fn backoff() -> impl Strategy<Value = Backoff> {
    let factor = prop_oneof![f64::ANY, 1.0..3.0_f64, 1.0..1.000_001_f64];
    (duration(), factor, duration(), any::<bool>())
        .prop_map(|(initial, factor, max, jitter)| Backoff { initial, factor, max, jitter })
}

fn failures() -> impl Strategy<Value = u32> {
    prop_oneof![0..40_u32, any::<u32>()]
}

proptest! {
    #[test]
    fn a_delay_is_bounded_and_jitter_takes_at_most_half(
        backoff in backoff(),
        failures in failures(),
        unit in prop_oneof![0.0..1.0_f64, f64::ANY],
    ) {
        let whole = Backoff { jitter: false, ..backoff }.delay(failures, unit);
        let delay = backoff.delay(failures, unit);
        prop_assert!(whole <= backoff.max);
        prop_assert!(delay <= whole && delay >= whole / 2, "{delay:?} of {whole:?}");
        prop_assert!(backoff.jitter || delay == whole);
    }

    #[test]
    fn without_jitter_it_never_falls(backoff in backoff(), failures in failures()) {
        let backoff = Backoff { jitter: false, ..backoff };
        let next = failures.saturating_add(1);
        prop_assert!(backoff.delay(failures, 0.0) <= backoff.delay(next, 0.0));
    }

    /// In the range people use, it is initial * factor ^ (failures - 1), to a microsecond.
    #[test]
    fn it_is_exponential(millis in 1..1000_u64, factor in 1.0..4.0_f64, failures in 1..8_u32) {
        let backoff = Backoff {
            initial: Duration::from_millis(millis),
            factor,
            max: Duration::MAX,
            jitter: false,
        };
        let expected = millis as f64 / 1000.0 * factor.powi(failures as i32 - 1);
        let delay = backoff.delay(failures, 0.0).as_secs_f64();
        prop_assert!((delay - expected).abs() < 1e-6, "{delay} for {expected}");
    }

    /// Half of the whole range is used: drawn units spread the delays.
    #[test]
    fn jitter_rises_with_the_unit(failures in 1..8_u32, a in 0.0..1.0_f64, b in 0.0..1.0_f64) {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        let backoff = Backoff::default();
        prop_assert!(backoff.delay(failures, low) <= backoff.delay(failures, high));
        prop_assert!(backoff.delay(failures, 0.0) < backoff.delay(failures, 0.99));
    }
}
