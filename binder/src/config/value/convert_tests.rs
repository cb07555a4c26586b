use std::time::Duration;

use super::*;
use crate::config::origin::Origin;

fn from(kind: Kind, raw: Raw) -> Result<Setting, String> {
    convert(kind, &Node::leaf(Origin::Argument("x".into()), raw))
}

/// As TOML would say it.
fn typed(kind: Kind, text: &str) -> Result<Setting, String> {
    convert(kind, &toml::value(text, &Origin::Argument("x".into())).unwrap())
}

fn plain(kind: Kind, text: &str) -> Result<Setting, String> {
    from(kind, Raw::Plain(text.into()))
}

fn text(text: &str) -> Setting {
    Setting::Text(text.into())
}

fn list(items: &[&str]) -> Setting {
    Setting::List(items.iter().map(|&item| item.to_owned()).collect())
}

#[test]
fn plain_text_and_typed_values_say_the_same() {
    let ten = Setting::Span(Duration::from_secs(10));
    for (kind, toml, variable, setting) in [
        (Kind::Flag, "true", "TRUE", Setting::Flag(true)),
        (Kind::Whole(1, 9), "9", "9", Setting::Whole(9)),
        (Kind::Number(1.0, 9.0), "2", "2", Setting::Number(2.0)),
        (Kind::Number(1.0, 9.0), "1.5", "1.5", Setting::Number(1.5)),
        (Kind::Duration, "\"10s\"", "10s", ten.clone()),
        (Kind::Connect, "\"10s\"", "\"10s\"", ten),
        (Kind::Connect, "\"wait\"", "wait", Setting::Wait),
        (Kind::Deadline, "\"off\"", "off", Setting::Off),
        (Kind::Size, "\"1KiB\"", "1KiB", Setting::Whole(1024)),
        (Kind::Size, "1024", "1024", Setting::Whole(1024)),
        (Kind::Choice(&["a", "b"]), "\"b\"", "b", text("b")),
        (Kind::DeadLetter, "false", "false", Setting::Flag(false)),
        (Kind::DeadLetter, "\"a.dead\"", "a.dead", text("a.dead")),
        (Kind::Retry, "\"slow\"", "slow", text("slow")),
        (Kind::Groups, "[\"a\", \"b\"]", "a, b", list(&["a", "b"])),
        (Kind::Groups, "[]", "", list(&[])),
        (Kind::Destinations, "\"a.b\"", "a.b", text("a.b")),
        (Kind::Destinations, "[\"a\", \"b\"]", "a, b", list(&["a", "b"])),
        (Kind::Destinations, "[\"a\"]", "[\"a\"]", list(&["a"])),
        (Kind::Servers, "[\"h:1\"]", "[\"h:1\"]", list(&["h:1"])),
        (Kind::Servers, "\"h:1,[::1]:2\"", "h:1,[::1]:2", list(&["h:1", "[::1]:2"])),
        (Kind::Text, "\"8\"", "8", text("8")),
    ] {
        assert_eq!(typed(kind, toml), Ok(setting.clone()), "{toml}");
        assert_eq!(plain(kind, variable), Ok(setting), "{variable}");
    }
}

#[test]
fn what_a_key_does_not_take_is_named() {
    for (kind, value, error) in [
        (Kind::Flag, "\"true\"", "expected `true` or `false`, found \"true\""),
        (Kind::Whole(1, 9), "10", "expected a whole number from 1 to 9, found `10`"),
        (Kind::Whole(1, 9), "-1", "expected a whole number from 1 to 9, found `-1`"),
        (Kind::Whole(1, 9), "\"4\"", "expected a whole number from 1 to 9, found \"4\""),
        (Kind::Number(1.0, 9.0), "nan", "expected a number from 1 to 9, found `nan`"),
        (
            Kind::Duration,
            "20",
            "expected a duration such as \"10s\" or \"1m 30s\", found `20`, and the unit is part \
             of it",
        ),
        (
            Kind::Connect,
            "\"0s\"",
            "expected a duration above zero such as \"10s\", or \"wait\", found \"0s\"",
        ),
        (Kind::Size, "0", "expected a size above zero such as \"64MiB\", found `0`"),
        (Kind::Choice(&["a", "b"]), "\"c\"", "expected \"a\" or \"b\", found \"c\""),
        (Kind::Choice(&["a", "b"]), "[\"a\"]", "expected \"a\" or \"b\", found a list"),
        (Kind::Text, "1979-05-27", "expected text, found a date"),
        (Kind::Text, "\"\"", "expected text, found \"\""),
        (
            Kind::Groups,
            "[1]",
            "expected a list of groups, found a list with something that is no text",
        ),
        (
            Kind::Servers,
            "[]",
            "expected a list of servers such as [\"127.0.0.1:9092\"], found none",
        ),
        (Kind::Destinations, "[]", "expected a destination, or a list of them, found none"),
        (Kind::Destinations, "[\"a\", \"b\", \"a\"]", "destination `a` is named twice"),
        (
            Kind::Destinations,
            "[\"a b\"]",
            "destination `a b` has ' '; allowed are letters, digits, `.`, `_` and `-`",
        ),
        (Kind::Servers, "[\"h\"]", "expected servers as HOST:PORT, found \"h\""),
        (Kind::Servers, "\"h:0\"", "expected servers as HOST:PORT, found \"h:0\""),
        (
            Kind::Servers,
            "[\"amqp://guest:hunter2@h:1\"]",
            "expected servers as HOST:PORT, found \"amqp://***@h:1\"",
        ),
        (
            Kind::Group,
            "\"a b\"",
            "group `a b` has ' '; allowed are letters, digits, `.`, `_` and `-`",
        ),
    ] {
        assert_eq!(typed(kind, value), Err(error.into()), "{value}");
    }
    for word in ["no", "Yes", "on", "OFF"] {
        let error = format!("expected `true`, `false` or a destination, found `{word}`");
        assert_eq!(plain(Kind::DeadLetter, word), Err(error));
    }
    assert!(plain(Kind::Servers, "[\"h:1\"").is_err());
}

#[test]
fn a_secret_is_taken_as_it_is_and_never_shown() {
    let secret = |text: &str| Ok(Setting::Hidden(Secret::new(text)));
    assert_eq!(plain(Kind::Secret, "\"quoted\""), secret("\"quoted\""));
    assert_eq!(plain(Kind::Secret, "[x"), secret("[x"));
    assert_eq!(typed(Kind::Secret, "\"\""), secret(""));
    for value in ["1234", "[\"hunter2\"]", "true"] {
        let error = "expected text (its value is not shown)";
        assert_eq!(typed(Kind::Secret, value), Err(error.into()));
    }
}
