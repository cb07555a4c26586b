//! What parses, what does not, and that nothing panics.

use proptest::prelude::*;

use super::*;

const WHOLE: &str = concat!(
    "83.149.9.216 - frank [17/May/2015:10:05:03 +0000] ",
    "\"GET /a?b=c HTTP/1.1\" 200 2326 \"http://example.com/\" \"Mozilla/5.0 (X11)\""
);

fn broken(line: impl AsRef<[u8]>) -> (Field, Fault) {
    let broken = Hit::parse(line.as_ref()).unwrap_err();
    (broken.field, broken.fault)
}

fn with(old: &str, new: &str) -> String {
    assert!(WHOLE.contains(old));
    WHOLE.replacen(old, new, 1)
}

#[test]
fn a_whole_line_gives_every_field() {
    let hit = Hit::parse(WHOLE.as_bytes()).unwrap();
    assert_eq!(hit.client, "83.149.9.216");
    assert_eq!(hit.time, "2015-05-17T10:05:03+00:00");
    assert_eq!(hit.method.as_deref(), Some("GET"));
    assert_eq!(hit.path.as_deref(), Some("/a?b=c"));
    assert_eq!((hit.status, hit.bytes), (200, 2326));
    assert_eq!(hit.referrer.as_deref(), Some("http://example.com/"));
    assert_eq!(hit.agent.as_deref(), Some("Mozilla/5.0 (X11)"));
}

#[test]
fn referrer_and_agent_may_be_missing_or_cut_off() {
    let end_of_size = WHOLE.find(" \"http").unwrap();
    for end in end_of_size..=WHOLE.len() {
        let hit = Hit::parse(&WHOLE.as_bytes()[..end]).unwrap();
        assert_eq!((hit.status, hit.bytes), (200, 2326));
    }
    let cut = Hit::parse(&WHOLE.as_bytes()[..WHOLE.len() - 7]).unwrap();
    assert_eq!(cut.agent.as_deref(), Some("Mozilla/5.0"));
    let none = Hit::parse(with("\"http://example.com/\"", "\"-\"").as_bytes()).unwrap();
    assert_eq!(none.referrer, None);
}

#[test]
fn a_line_cut_before_the_end_of_its_size_is_broken() {
    let size = WHOLE.find("2326").unwrap();
    for end in 0..=size {
        assert!(Hit::parse(&WHOLE.as_bytes()[..end]).is_err(), "{end}");
    }
}

#[test]
fn the_broken_field_is_named() {
    use Fault::{Malformed, Missing, NotUtf8};
    assert_eq!(broken(""), (Field::Address, Missing));
    assert_eq!(broken(with("83.149.9.216", "83.149.9.999")), (Field::Address, Malformed));
    assert_eq!(broken(with("17/May", "32/May")), (Field::Time, Malformed));
    assert_eq!(broken(with("[", "")), (Field::Time, Missing));
    assert_eq!(broken(with("\"GET /a?b=c HTTP/1.1\" ", "")), (Field::Request, Missing));
    assert_eq!(broken(with("\"GET /a?b=c HTTP/1.1\"", "-")), (Field::Request, Missing));
    assert_eq!(broken(with(" 200", "")), (Field::Status, Malformed));
    assert_eq!(broken(with(" 200", " 99")), (Field::Status, Malformed));
    assert_eq!(broken(with(" 200", " 600")), (Field::Status, Malformed));
    assert_eq!(broken(with(" 200", " +20")), (Field::Status, Malformed));
    assert_eq!(broken(with(" 200", " 0200")), (Field::Status, Malformed));
    assert_eq!(broken(with(" 200 2326", "")), (Field::Status, Malformed));
    assert_eq!(broken(with(" 2326", "")), (Field::Size, Malformed));
    assert_eq!(broken(with(" 2326", " 23x")), (Field::Size, Malformed));
    assert_eq!(broken(with(" 2326", " 18446744073709551616")), (Field::Size, Malformed));
    let line = [b"::1 - ", &b"\xff"[..], &WHOLE.as_bytes()[20..]].concat();
    assert_eq!(broken(line), (Field::User, NotUtf8));
}

#[test]
fn bytes_that_are_not_utf8_count_up_to_the_end_of_the_size() {
    let place = |from: usize| {
        let mut line = WHOLE.as_bytes().to_vec();
        line[from] = 0xff;
        Hit::parse(&line)
    };
    let request = place(WHOLE.find("a?b").unwrap()).unwrap_err();
    assert_eq!((request.field, request.fault), (Field::Request, Fault::NotUtf8));
    assert_eq!(request.at, WHOLE.find("a?b").unwrap());
    assert_eq!(place(WHOLE.find("example").unwrap()).unwrap().bytes, 2326);
    assert_eq!(place(WHOLE.find("X11").unwrap()).unwrap().bytes, 2326);
}

#[test]
fn a_size_of_none_counts_zero() {
    assert_eq!(Hit::parse(with(" 2326", " -").as_bytes()).unwrap().bytes, 0);
}

#[test]
fn a_request_may_hold_quotes_or_be_none() {
    let quoted = Hit::parse(with("/a?b=c", r#"/a\"b\\"#).as_bytes()).unwrap();
    assert_eq!(quoted.path.as_deref(), Some(r#"/a\"b\\"#));
    let none = Hit::parse(with("GET /a?b=c HTTP/1.1", "-").as_bytes()).unwrap();
    assert_eq!((none.method, none.path), (None, None));
    let spaced = Hit::parse(with("/a?b=c", "/a b").as_bytes()).unwrap();
    assert_eq!(spaced.path.as_deref(), Some("/a b"));
}

#[test]
fn a_user_may_hold_spaces() {
    assert!(Hit::parse(with("frank", "frank the user").as_bytes()).is_ok());
}

#[test]
fn a_failure_says_what_and_where() {
    let text = Hit::parse(with(" 200", " 2xx").as_bytes()).unwrap_err().to_string();
    assert_eq!(text, "broken line: the status at byte 72 is not three digits from 100 to 599");
}

proptest! {
    #[test]
    fn no_bytes_panic(line in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Err(broken) = Hit::parse(&line) {
            prop_assert!(broken.at <= line.len());
        }
    }

    #[test]
    fn no_damage_panics(at in 0..WHOLE.len(), byte in any::<u8>(), end in 0..WHOLE.len()) {
        let mut line = WHOLE.as_bytes().to_vec();
        line[at] = byte;
        line.truncate(end);
        if let Err(broken) = Hit::parse(&line) {
            prop_assert!(broken.at <= line.len());
        }
    }

    #[test]
    fn what_is_written_is_read(status in 100u16..=599, bytes: u64, path in "/[a-z/]{0,40}") {
        let line = with(" 200 2326", &format!(" {status} {bytes}")).replace("/a?b=c", &path);
        let hit = Hit::parse(line.as_bytes()).unwrap();
        prop_assert_eq!((hit.status, hit.bytes), (status, bytes));
        prop_assert_eq!(hit.path, Some(path));
    }
}
