//! The laws of `logic::dead_letter`.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use binder_core::logic::dead_letter::{
    ATTEMPTS, CAUSE, CAUSE_LIMIT, DESTINATION, Failed, GROUP, HEADERS, TIMESTAMP, dead_letter,
};
use binder_core::{Headers, Message, Tag};

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..12).prop_map(Bytes::from)
}

/// Few names, so that they repeat; ours among them, as a redelivered or a forged message has.
fn name() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        2 => "[ab]".prop_map(Bytes::from),
        1 => "X-Original-Destination".prop_map(Bytes::from),
        1 => bytes(),
        2 => prop::sample::select(HEADERS.to_vec()).prop_map(Bytes::from),
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

fn is_ours(name: &[u8]) -> bool {
    HEADERS.iter().any(|header| header.as_bytes() == name)
}

/// The headers of others, or ours.
fn side(message: &Message, ours: bool) -> Vec<(Bytes, Option<Bytes>)> {
    let all = message.headers.iter();
    all.filter(|(name, _)| is_ours(name) == ours)
        .map(|(name, value)| (name.clone(), value.cloned()))
        .collect()
}

proptest! {
    #[test]
    fn r17_ours_stand_once_behind_everything_else_untouched(
        message in message(),
        cause in any::<String>(),
        long in 1..400_usize,
        group in option::of("[a-z]{1,5}"),
        attempts: u32,
    ) {
        let cause = cause.repeat(long);
        let failed = Failed {
            destination: "shop.orders",
            binding: "orders",
            group: group.as_deref(),
            tag: Tag { epoch: 1, partition: 2, sequence: 3 },
            attempts,
            class: "panic",
            cause: &cause,
            at: 77,
        };
        let letter = dead_letter(&message, &failed);
        prop_assert_eq!(side(&letter, false), side(&message, false));
        let same = Message { headers: message.headers.clone(), ..letter.clone() };
        prop_assert_eq!(&same, &message);

        let ours = side(&letter, true);
        let from = letter.headers.len() - ours.len();
        prop_assert!(letter.headers.iter().skip(from).all(|(name, _)| is_ours(name)));
        let before = message.headers.text(DESTINATION).is_some();
        let expected: Vec<&str> = HEADERS
            .into_iter()
            .filter(|header| match *header {
                header if before && header.starts_with("x-original-") => {
                    message.headers.value(header).is_some()
                }
                GROUP => group.is_some(),
                TIMESTAMP => message.timestamp.is_some(),
                _ => true,
            })
            .collect();
        let names: Vec<&[u8]> = ours.iter().map(|(name, _)| name.as_ref()).collect();
        let expected: Vec<&[u8]> = expected.iter().map(|name| name.as_bytes()).collect();
        prop_assert_eq!(names, expected);

        if before {
            for header in HEADERS.iter().filter(|header| header.starts_with("x-original-")) {
                prop_assert_eq!(letter.headers.value(header), message.headers.value(header));
            }
        } else {
            prop_assert_eq!(letter.headers.text(DESTINATION), Some("shop.orders"));
        }
        let attempts = attempts.to_string();
        prop_assert_eq!(letter.headers.text(ATTEMPTS), Some(attempts.as_str()));
        let text = letter.headers.text(CAUSE).unwrap();
        prop_assert!(text.len() <= CAUSE_LIMIT && !text.contains(char::is_control));
        prop_assert!(text.chars().count() == cause.chars().count() || text.len() > CAUSE_LIMIT - 4);
        prop_assert_eq!(dead_letter(&letter, &failed), letter);
    }
}
