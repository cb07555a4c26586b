//! The laws of `logic::retry`.

use std::num::NonZeroU32;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use binder_core::Message;
use binder_core::logic::backoff::Backoff;
use binder_core::logic::retry::{Again, HEADERS, MOST, requeue, step, take, waits};

fn message() -> impl Strategy<Value = Message> {
    let bytes = || vec(any::<u8>(), 0..20);
    let headers = vec(("[a-zA-Z-]{0,8}", option::of(bytes())), 0..6);
    (option::of(bytes()), option::of(bytes()), headers, option::of(bytes()), any::<i64>()).prop_map(
        |(payload, key, headers, id, timestamp)| {
            let mut message = Message {
                payload: payload.map(Into::into),
                key: key.map(Into::into),
                id: id.map(Into::into),
                content_type: Some("text/plain".into()),
                timestamp: Some(timestamp),
                ..Message::default()
            };
            for (name, value) in headers {
                message.headers.push(name, value.map(Into::into));
            }
            message
        },
    )
}

fn backoff() -> impl Strategy<Value = Backoff> {
    (0..5_000_u64, 1.0..4.0_f64, 1..60_000_u64).prop_map(|(initial, factor, max)| Backoff {
        initial: Duration::from_millis(initial),
        factor,
        max: Duration::from_millis(max),
        jitter: true,
    })
}

proptest! {
    #[test]
    fn what_waited_comes_back_as_it_was(
        message in message(), attempts: u32, due: i64, partition: u32, position: u64, rounds in 1..4_u32,
    ) {
        let mut waiting = message.clone();
        for round in 0..rounds {
            let again = Again { attempts: attempts.wrapping_add(round), due, partition, position };
            let mut came = requeue(&waiting, &again);
            prop_assert_eq!(came.headers.len(), message.headers.len() + HEADERS.len());
            waiting = came.clone();
            prop_assert_eq!(take(&mut came), Some(again));
            prop_assert_eq!(&came, &message);
        }
    }

    #[test]
    fn what_did_not_wait_is_left_alone(message in message()) {
        let mut came = message.clone();
        prop_assert_eq!(take(&mut came), None);
        prop_assert_eq!(came, message);
    }

    #[test]
    fn every_failure_has_its_wait(backoff in backoff(), attempts in 1..12_u32) {
        let all = waits(NonZeroU32::new(attempts).unwrap(), &backoff);
        prop_assert!(all.len() <= MOST + 1 && all.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(all.is_empty(), attempts == 1);
        let fixed = Backoff { jitter: false, ..backoff };
        if all.len() <= MOST {
            for failures in 1..attempts {
                prop_assert_eq!(all[step(&all, failures, &backoff)], fixed.delay(failures, 0.0));
            }
        }
    }
}

#[test]
fn waits_that_are_as_long_share_a_destination() {
    let many = NonZeroU32::new(1_000_000).unwrap();
    let seconds = |waits: Vec<Duration>| waits.iter().map(Duration::as_secs).collect::<Vec<_>>();
    assert_eq!(seconds(waits(many, &Backoff::default())), [1, 2, 4, 8, 10]);
    let same = Backoff { factor: 1.0, ..Backoff::default() };
    assert_eq!(seconds(waits(many, &same)), [1]);
    let long = Backoff { max: Duration::from_secs(3_600), ..Backoff::default() };
    assert_eq!(waits(many, &long).len(), MOST + 1, "one more than there may be");
    assert_eq!(step(&[], 3, &long), 0);
}
