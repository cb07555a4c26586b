//! A message that failed to its dead letter.
//!
//! # Laws
//!
//! 1. Payload, key, id, content type, timestamp and every header that is not in [`HEADERS`] are
//!    the same bytes in the same order, repeated names and null values included.
//! 2. Behind them stands each header of [`HEADERS`] that applies, exactly once, in that order.
//! 3. Doing it twice with one failure is the same as doing it once.
//! 4. [`redrive::DESTINATION`] and [`redrive::GROUP`] are gone: they say whom one sending was for. [`redrive::COUNT`] stays.
//!
//! A message that was dead-lettered before keeps its `x-original-*` headers as they are, so that
//! they name where it came from in the first place, while the `x-failure-*` headers tell of the
//! last failure. It counts as dead-lettered before if it has a readable [`DESTINATION`].

use bytes::Bytes;

use crate::delivery::Tag;
use crate::headers::Headers;
use crate::logic::redrive;
use crate::message::Message;

/// Where the message was read from.
pub const DESTINATION: &str = "x-original-destination";
/// The binding that read it.
pub const BINDING: &str = "x-original-binding";
/// The group it was read for; absent where there is none.
pub const GROUP: &str = "x-original-group";
/// The partition it was read from.
pub const PARTITION: &str = "x-original-partition";
/// Its position there: Kafka's offset, AMQP's delivery tag, the index in a memory log.
pub const POSITION: &str = "x-original-position";
/// When it was sent, in milliseconds since the Unix epoch; absent if the message does not say.
pub const TIMESTAMP: &str = "x-original-timestamp";
/// What kind of failure it was.
pub const CLASS: &str = "x-failure-class";
/// Its text on one line, at most [`CAUSE_LIMIT`] bytes.
pub const CAUSE: &str = "x-failure-cause";
/// How often it was tried.
pub const ATTEMPTS: &str = "x-failure-attempts";
/// When it failed for good, in milliseconds since the Unix epoch.
pub const AT: &str = "x-failure-at";

/// Every header of a dead letter that is ours, in the order in which they are written. All values
/// are UTF-8 text, numbers decimal.
pub const HEADERS: [&str; 10] =
    [DESTINATION, BINDING, GROUP, PARTITION, POSITION, TIMESTAMP, CLASS, CAUSE, ATTEMPTS, AT];

/// The longest [`CAUSE`], in bytes.
pub const CAUSE_LIMIT: usize = 1024;

/// How many of [`HEADERS`] tell where a message came from; the others tell of the failure.
const ORIGIN: usize = 6;

/// What is known of a failure.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// Where the message was read from.
    pub destination: &'a str,
    /// The binding that read it.
    pub binding: &'a str,
    /// The group it was read for.
    pub group: Option<&'a str>,
    /// Where it stood.
    pub tag: Tag,
    /// How often it was tried.
    pub attempts: u32,
    /// What kind of failure it was.
    pub class: &'a str,
    /// Its text.
    pub cause: &'a str,
    /// When it failed, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// The dead letter of a message.
#[must_use]
pub fn dead_letter(message: &Message, failed: &Failed<'_>) -> Message {
    let before = &message.headers;
    let mut headers = before.clone();
    headers.remove_all(&HEADERS);
    headers.remove_all(&[redrive::DESTINATION, redrive::GROUP]);
    if before.text(DESTINATION).is_some() {
        keep_origin(before, &mut headers);
    } else {
        write_origin(message, failed, &mut headers);
    }
    write(&mut headers, CLASS, one_line(failed.class));
    write(&mut headers, CAUSE, one_line(failed.cause));
    write(&mut headers, ATTEMPTS, failed.attempts.to_string());
    write(&mut headers, AT, failed.at.to_string());
    Message { headers, ..message.clone() }
}

/// Whether that is one of [`HEADERS`].
/// Writes what a letter says of its origin to another message, in the order of [`HEADERS`].
pub(super) fn keep_origin(before: &Headers, headers: &mut Headers) {
    for name in &HEADERS[..ORIGIN] {
        if let Some(value) = before.value(name) {
            write(headers, name, value.clone());
        }
    }
}

fn write_origin(message: &Message, failed: &Failed<'_>, headers: &mut Headers) {
    write(headers, DESTINATION, failed.destination.to_owned());
    write(headers, BINDING, failed.binding.to_owned());
    if let Some(group) = failed.group {
        write(headers, GROUP, group.to_owned());
    }
    write(headers, PARTITION, failed.tag.partition.to_string());
    write(headers, POSITION, failed.tag.sequence.to_string());
    if let Some(timestamp) = message.timestamp {
        write(headers, TIMESTAMP, timestamp.to_string());
    }
}

fn write(headers: &mut Headers, name: &'static str, value: impl Into<Bytes>) {
    headers.push(Bytes::from_static(name.as_bytes()), Some(value.into()));
}

/// Control characters become spaces, because a log or a terminal may show the text as it is; what
/// is longer than the limit is cut between two characters.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(CAUSE_LIMIT));
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if line.len() + c.len_utf8() > CAUSE_LIMIT {
            break;
        }
        line.push(c);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Failed<'static> = Failed {
        destination: "shop.orders",
        binding: "orders",
        group: Some("billing"),
        tag: Tag { epoch: 1, partition: 3, sequence: 42 },
        attempts: 4,
        class: "handler",
        cause: "no price\r\nfor x",
        at: 1_700_000_000_000,
    };

    fn texts(message: &Message) -> Vec<(&str, Option<&str>)> {
        fn text(bytes: &Bytes) -> &str {
            std::str::from_utf8(bytes).unwrap()
        }
        message.headers.iter().map(|(name, value)| (text(name), value.map(text))).collect()
    }

    #[test]
    fn a_dead_letter_tells_where_when_and_why() {
        let mut message = Message::new("payload").with_key("k").with_header("trace", "1");
        message.headers.push("empty", None);
        message.timestamp = Some(5);
        let letter = dead_letter(&message, &FAILED);
        let expected = [
            ("trace", Some("1")),
            ("empty", None),
            (DESTINATION, Some("shop.orders")),
            (BINDING, Some("orders")),
            (GROUP, Some("billing")),
            (PARTITION, Some("3")),
            (POSITION, Some("42")),
            (TIMESTAMP, Some("5")),
            (CLASS, Some("handler")),
            (CAUSE, Some("no price  for x")),
            (ATTEMPTS, Some("4")),
            (AT, Some("1700000000000")),
        ];
        assert_eq!(texts(&letter), expected);
    }

    #[test]
    fn the_first_origin_and_the_last_failure_stay() {
        let first = dead_letter(&Message::new("x"), &FAILED);
        let again = Failed { destination: "dlq", group: None, cause: "still", at: 9, ..FAILED };
        let second = dead_letter(&first, &again);
        assert_eq!(second.headers.text(DESTINATION), Some("shop.orders"));
        assert_eq!(second.headers.text(GROUP), Some("billing"));
        assert_eq!(second.headers.text(CAUSE), Some("still"));
        assert_eq!(second.headers.text(AT), Some("9"));
        assert_eq!(second.headers.len(), first.headers.len());
    }

    #[test]
    fn a_long_cause_is_cut_between_characters() {
        assert_eq!(one_line(&"é".repeat(600)).len(), CAUSE_LIMIT);
        let cut = one_line(&format!("a{}", "é".repeat(600)));
        assert_eq!(cut.len(), CAUSE_LIMIT - 1);
        assert_eq!(one_line("a\u{1b}[31m\u{85}b"), "a [31m b");
    }
}
