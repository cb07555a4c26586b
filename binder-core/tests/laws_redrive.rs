//! The laws of `logic::redrive`, over those of `logic::dead_letter`.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use binder_core::logic::dead_letter::{self, Failed, dead_letter};
use binder_core::logic::redrive::{self, COUNT, Fate, GROUP, Home, Left, redrive};
use binder_core::{Destination, Group, Headers, Message, Tag};

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..12).prop_map(Bytes::from)
}

/// Few names, so that they repeat; some that are nearly ours.
fn name() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        2 => "[ab]".prop_map(Bytes::from),
        1 => "X-Redrive-Count".prop_map(Bytes::from),
        1 => "x-original-topic".prop_map(Bytes::from),
        1 => bytes(),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let headers = vec((name(), option::of(bytes())), 0..10);
    let parts = (option::of(bytes()), option::of(bytes()), option::of(bytes()));
    (headers, parts, option::of(bytes()), any::<Option<i64>>()).prop_map(
        |(list, (payload, key, id), content_type, timestamp)| {
            let mut headers = Headers::new();
            for (name, value) in list {
                headers.push(name, value);
            }
            Message { payload, key, headers, id, content_type, timestamp }
        },
    )
}

fn failed(sequence: u64) -> Failed<'static> {
    Failed {
        destination: "shop.orders",
        binding: "orders",
        group: Some("billing"),
        tag: Tag { epoch: 1, partition: 2, sequence },
        attempts: 3,
        class: "panic",
        cause: "boom",
        at: 77,
    }
}

fn home() -> [Home; 1] {
    let (destination, group) = (Destination::new("shop.orders"), Group::new("billing"));
    [Home { destination: destination.unwrap(), group: group.unwrap() }]
}

fn list(headers: &Headers) -> Vec<(Bytes, Option<Bytes>)> {
    headers.iter().map(|(name, value)| (name.clone(), value.cloned())).collect()
}

proptest! {
    #[test]
    fn what_failed_comes_back_as_it_was_with_ours_behind_it(
        original in message(),
        max in 1_u32..6,
    ) {
        let mut current = original.clone();
        // Each round fails elsewhere, and the first origin stays.
        for round in 1..=max {
            let letter = dead_letter(&current, &failed(u64::from(round)));
            let Fate::Sent { input, message } = redrive(&letter, &home(), &[], max) else {
                return Err(TestCaseError::fail("it was left"));
            };
            prop_assert_eq!(input, 0);
            prop_assert_eq!(&message.payload, &original.payload);
            prop_assert_eq!(&message.key, &original.key);
            prop_assert_eq!(&message.id, &original.id);
            prop_assert_eq!(&message.content_type, &original.content_type);
            prop_assert_eq!(message.timestamp, None);

            let found = list(&message.headers);
            let (theirs, ours) = found.split_at(original.headers.len());
            prop_assert_eq!(theirs, list(&original.headers));
            let names: Vec<&[u8]> = ours.iter().map(|(name, _)| name.as_ref()).collect();
            let timestamp = original.timestamp.map(|_| dead_letter::TIMESTAMP);
            let expected: Vec<&[u8]> = dead_letter::HEADERS[..5]
                .iter()
                .copied()
                .chain(timestamp)
                .chain(redrive::HEADERS)
                .map(str::as_bytes)
                .collect();
            prop_assert_eq!(names, expected);
            prop_assert_eq!(message.headers.text(dead_letter::POSITION), Some("1"));
            let count = round.to_string();
            prop_assert_eq!(message.headers.text(COUNT), Some(count.as_str()));
            prop_assert!(!redrive::is_for_another(&message.headers, "shop.orders", Some("billing")));
            prop_assert!(redrive::is_for_another(&message.headers, "shop.orders", Some("audit")));

            let again = dead_letter(&message, &failed(9));
            prop_assert_eq!(again.headers.value(GROUP), None);
            prop_assert!(!redrive::is_for_another(&again.headers, "shop.orders", Some("audit")));
            current = message;
        }
        let letter = dead_letter(&current, &failed(0));
        prop_assert_eq!(redrive(&letter, &home(), &[], max), Fate::Left(Left::TooOften));
    }

    #[test]
    fn a_letter_that_moves_is_the_same_for_the_store_alone(
        message in message(),
        group in option::of("[a-z]{1,5}"),
    ) {
        let letter = dead_letter(&message, &failed(1));
        let mut moved = redrive::moved(&letter, "dead");
        prop_assert!(redrive::is_for_another(&moved.headers, "dead", group.as_deref()));
        prop_assert_eq!(redrive(&moved, &home(), &[], 1), redrive(&letter, &home(), &[], 1));
        prop_assert_eq!(&redrive::moved(&moved, "dead"), &moved);
        let sent_to = [redrive::DESTINATION, GROUP].map(str::as_bytes);
        moved.headers.retain(|name| !sent_to.contains(&name));
        prop_assert_eq!(moved, letter);
    }

    #[test]
    fn a_letter_of_others_is_left(message in message(), max: u32) {
        prop_assert_eq!(redrive(&message, &home(), &[], max), Fate::Left(Left::Foreign));
    }
}
