//! What is wrong in one file, and the exact text that says so.

use binder_core::ErrorKind;

use crate::config::Config;

/// One mistake each: the text of `binder.toml`, and of the error.
const MISTAKES: &[(&str, &str)] = &[
    // Keys.
    ("grcae = '1s'", "binder.toml:1:1: grcae: unknown key; the nearest is `grace`"),
    (
        "\n[binding.o]\ngroup = 'g'",
        "binder.toml:2:2: binding: unknown key; the nearest is `bindings`",
    ),
    (
        "[bindings.o]\n\n  grup = 'g'",
        "binder.toml:3:3: bindings.o.grup: unknown key; the nearest is `group`",
    ),
    (
        "[bindings.o]\nservers = []",
        "binder.toml:2:1: bindings.o.servers: unknown key; `servers` is a key of `binders.NAME`",
    ),
    (
        "bindings.o.output.start = 'latest'",
        "binder.toml:1:19: bindings.o.output.start: unknown key; `start` is a key of `bindings.NAME`",
    ),
    (
        "[retry.r.backoff]\nmaxDelay = '1s'",
        "binder.toml:2:1: retry.r.backoff.maxDelay: unknown key; the nearest is `max`",
    ),
    (
        "[app]\nzzz = { index = 0 }",
        "binder.toml:2:1: app.zzz: unknown key; here stand `instance`, `name`",
    ),
    // Shapes.
    ("bindings = 1", "binder.toml:1:1: bindings: expected a table, found a number"),
    ("[[bindings]]", "binder.toml:1:3: bindings: expected a table, found a list"),
    (
        "[bindings.o]\ninput = 'x'",
        "binder.toml:2:1: bindings.o.input: expected a table, found text",
    ),
    (
        "[bindings.o.group]\na = 1",
        "binder.toml:1:13: bindings.o.group: expected a group, found a table",
    ),
    (
        "grace = ['1s']",
        "binder.toml:1:1: grace: expected a duration such as \"10s\" or \"1m 30s\", found a list",
    ),
    (
        "binders.kafka.native = 'hunter2'",
        "binder.toml:1:15: binders.kafka.native: expected a table of texts, numbers and booleans, found text",
    ),
    (
        "binders.kafka.native = { a = ['hunter2'] }",
        "binder.toml:1:26: binders.kafka.native.a: expected text, a number or a boolean, found a list",
    ),
    (
        "binders.kafka.native = { a.b = 1, 'a.b' = 2 }",
        "binder.toml:1:35: binders.kafka.native.a.b: given twice",
    ),
    // Names.
    (
        "[bindings.Orders]",
        "binder.toml:1:11: bindings.Orders: not a name: expected a name of `a-z`, `0-9`, `_` and `-` that begins with a letter",
    ),
    (
        "binders.'a.b' = {}",
        "binder.toml:1:9: binders.a.b: not a name: expected a name of `a-z`, `0-9`, `_` and `-` that begins with a letter",
    ),
    (
        "default_binder = 'Kafka'",
        "binder.toml:1:1: default_binder: expected a name of `a-z`, `0-9`, `_` and `-` that begins with a letter, found \"Kafka\"",
    ),
    (
        "[bindings.a-b]\n[bindings.a_b]",
        "binder.toml:2:11: bindings.a_b: `a_b` and `a-b` are the same in an environment variable; rename one",
    ),
    (
        "[retry]\na-b = {}\na_b = {}",
        "binder.toml:3:1: retry.a_b: `a_b` and `a-b` are the same in an environment variable; rename one",
    ),
    (
        "app.name = 'a shop'",
        "binder.toml:1:5: app.name: group `a shop` has ' '; allowed are letters, digits, `.`, `_` and `-`",
    ),
    (
        "bindings.o.destination = 'a/b'",
        "binder.toml:1:12: bindings.o.destination: destination `a/b` has '/'; allowed are letters, digits, `.`, `_` and `-`",
    ),
    // Values.
    (
        "grace = 20",
        "binder.toml:1:1: grace: expected a duration such as \"10s\" or \"1m 30s\", found `20`, and the unit is part of it",
    ),
    (
        "bindings.o.concurrency = 0",
        "binder.toml:1:12: bindings.o.concurrency: expected a whole number from 1 to 1024, found `0`",
    ),
    (
        "bindings.o.concurrency = 1025",
        "binder.toml:1:12: bindings.o.concurrency: expected a whole number from 1 to 1024, found `1025`",
    ),
    (
        "bindings.o.concurrency = '8'",
        "binder.toml:1:12: bindings.o.concurrency: expected a whole number from 1 to 1024, found \"8\"",
    ),
    (
        "bindings.o.input.start = 'oldest'",
        "binder.toml:1:18: bindings.o.input.start: expected \"earliest\" or \"latest\", found \"oldest\"",
    ),
    (
        "bindings.o.deadline = 'never'",
        "binder.toml:1:12: bindings.o.deadline: expected a duration above zero such as \"5m\", or \"off\", found \"never\"",
    ),
    (
        "bindings.o.max_in_flight_bytes = '64M'",
        "binder.toml:1:12: bindings.o.max_in_flight_bytes: expected a size above zero such as \"64MiB\", found \"64M\"",
    ),
    (
        "bindings.o.partition_count = 0",
        "binder.toml:1:12: bindings.o.partition_count: expected a whole number from 1 to 10000, found `0`",
    ),
    (
        "retry.r.max_attempts = 0",
        "binder.toml:1:9: retry.r.max_attempts: expected a whole number from 1 to 4294967295, found `0`",
    ),
    (
        "retry.r.backoff.factor = 0.5",
        "binder.toml:1:17: retry.r.backoff.factor: expected a number from 1 to 1000, found `0.5`",
    ),
    (
        "retry.r.backoff.jitter = 'yes'",
        "binder.toml:1:17: retry.r.backoff.jitter: expected `true` or `false`, found \"yes\"",
    ),
    (
        "binders.kafka.connect = 'off'",
        "binder.toml:1:15: binders.kafka.connect: expected a duration above zero such as \"10s\", or \"wait\", found \"off\"",
    ),
    (
        "binders.kafka.servers = ['rabbit']",
        "binder.toml:1:15: binders.kafka.servers: expected servers as HOST:PORT, found \"rabbit\"",
    ),
    (
        "bindings.o.required_groups = ['a', 'b c']",
        "binder.toml:1:12: bindings.o.required_groups: group `b c` has ' '; allowed are letters, digits, `.`, `_` and `-`",
    ),
    // Secrets.
    (
        "binders.kafka.password = 1234",
        "binder.toml:1:15: binders.kafka.password: expected text (its value is not shown)",
    ),
    (
        "binders.kafka.passwort = 'hunter2'",
        "binder.toml:1:15: binders.kafka.passwort: unknown key; the nearest is `password`",
    ),
    (
        "binders.kafka.servers = 'kafka://u:hunter2@h:9092'",
        "binder.toml:1:15: binders.kafka.servers: expected servers as HOST:PORT, found \"kafka://***@h:9092\"",
    ),
    // Syntax.
    ("[bindings.o]\ngroup = 'a'\ngroup = 'b'", "binder.toml:3:1: group: not TOML: duplicate key"),
    ("[bindings.o]\n[bindings.o]", "binder.toml:2:11: o: not TOML: duplicate key"),
];

#[test]
fn every_mistake_has_its_text() {
    let mut wrong = Vec::new();
    for (text, expected) in MISTAKES {
        let error = Config::parse("binder.toml", text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        if error.to_string() != *expected {
            wrong.push(format!("{text}\n  says     {error}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_error_shows_a_secret() {
    for text in [
        "binders.kafka.password = 'hunter2",
        "binders.kafka.password = hunter2",
        "binders.kafka.password = ['hunter2']",
        "binders.kafka.native.'sasl.password' = ['hunter2']",
        "binders.kafka = 'hunter2'",
        "binders.kafka.servers = ['h:1', 'amqp://u:hunter2@h:1']",
        "binders.kafka = { password = 'hunter2', password = 'hunter2' }",
        "binders.kafka.password = 'hunter2'\n[binders.kafka.password]",
        "binders.kafka = { password = 'hunter2' }\nbinders.kafka.password = 'hunter2'",
        "binders.kafka.native = 'hunter2'",
        "binders.amqp.vhost = ['amqp://u:hunter2@h:1']",
    ] {
        let error = Config::parse("b.toml", text).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn problems_of_a_file_come_in_the_order_of_its_lines() {
    let text = "[retry.r]\nmax = 1\n[bindings.o]\nzz = 1\n[app]\nnam = 'x'\n";
    let error = Config::parse("b.toml", text).unwrap_err().to_string();
    let places: Vec<_> = error.lines().skip(1).map(|line| &line[..10]).collect();
    assert_eq!(places, ["  b.toml:2", "  b.toml:4", "  b.toml:6"]);
}
