//! What does not fit together, and the exact text that says so.

use crate::config::Config;
use crate::config::resolve::FunctionNames;

const fn f<'a>(name: &'a str, inputs: &'a [&'a str], outputs: &'a [&'a str]) -> FunctionNames<'a> {
    FunctionNames { name, inputs, outputs }
}

const ONE: &[FunctionNames<'static>] = &[f("enrich", &["orders"], &["invoices"])];
const TWO: &[FunctionNames<'static>] = &[f("a", &["orders"], &[]), f("b", &["orders"], &[])];

/// The text of `b.toml`, the functions, what is compiled in, and the error.
type Refusal<'a> = (&'a str, &'a [FunctionNames<'a>], &'a [&'a str], &'a str);

const MEMORY: &[&str] = &["memory"];
const ALL: &[&str] = &["memory", "kafka", "amqp"];

const REFUSALS: &[Refusal<'static>] = &[
    // Binders.
    (
        "",
        ONE,
        ALL,
        "default_binder: `kafka` and `amqp` are compiled in and nothing chooses between them: set `default_binder`, or `binder` of each binding",
    ),
    (
        "default_binder = 'kafak'",
        ONE,
        ALL,
        "b.toml:1:1: default_binder: unknown binder `kafak`; the nearest is `kafka`",
    ),
    (
        "default_binder = 'zzz'",
        ONE,
        MEMORY,
        "b.toml:1:1: default_binder: unknown binder `zzz`; there is `memory`, `kafka`, `amqp`",
    ),
    (
        "default_binder = 'kafka'",
        ONE,
        MEMORY,
        "b.toml:1:1: default_binder: `kafka` is not compiled in; build with the cargo feature `kafka`",
    ),
    (
        "bindings.orders.binder = 'rabbitmq'",
        ONE,
        MEMORY,
        "b.toml:1:17: bindings.orders.binder: `amqp` is not compiled in; build with the cargo feature `amqp`",
    ),
    (
        "default_binder = 'main'\nbinders.main.kind = 'kafka'",
        ONE,
        MEMORY,
        "b.toml:1:1: default_binder: `kafka` is not compiled in; build with the cargo feature `kafka`",
    ),
    (
        "",
        ONE,
        &[],
        "default_binder: `memory` is not compiled in; build with the cargo feature `memory`",
    ),
    (
        "binders.main.kind = 'kafak'",
        ONE,
        MEMORY,
        "b.toml:1:14: binders.main.kind: unknown kind `kafak`; the nearest is `kafka`",
    ),
    (
        "[binders.kafak]",
        ONE,
        MEMORY,
        "b.toml:1:10: binders.kafak: `kafak` is no kind of binder (the nearest is `kafka`); set `kind`, or call the table as its kind",
    ),
    (
        "default_binder = 'kafka'\n[binders]\na.kind = 'kafka'\nb.kind = 'kafka'",
        ONE,
        ALL,
        "b.toml:1:1: default_binder: several binders are of kind `kafka`: set `default_binder`, or `binder` of each binding, to `a` or `b`",
    ),
    (
        "[binders.memory]\nservers = ['h:1']",
        ONE,
        MEMORY,
        "b.toml:2:1: binders.memory.servers: a binder of kind `memory` has no `servers`",
    ),
    (
        "[binders.kafka]\nvhost = '/'",
        ONE,
        MEMORY,
        "b.toml:2:1: binders.kafka.vhost: a binder of kind `kafka` has no `vhost`",
    ),
    (
        "binders.kafka.password = 'hunter2'",
        ONE,
        &["kafka"],
        "b.toml:1:15: binders.kafka.password: there is no `username` beside it",
    ),
    (
        "binders.amqp.username = 'u'",
        ONE,
        &["amqp"],
        "b.toml:1:14: binders.amqp.username: there is no `password` beside it",
    ),
    (
        "binders.memory.native.a = 1",
        ONE,
        MEMORY,
        "b.toml:1:16: binders.memory.native: a binder of kind `memory` has no `native`",
    ),
    // Names.
    (
        "",
        &[f("a", &["x"], &[]), f("a", &["y"], &[])],
        MEMORY,
        "function `a`: bound twice: bind it once, or give the second another name",
    ),
    ("", &[f("a", &[], &["x", "x"])], MEMORY, "function `a`: output `x` is named twice"),
    (
        "",
        &[f("a", &["Orders"], &[])],
        MEMORY,
        "function `a`: binding name `Orders` does not begin with a lower-case letter",
    ),
    (
        "",
        &[f("a", &["my-x"], &[]), f("b", &["my_x"], &[])],
        MEMORY,
        "bindings: `my-x` and `my_x` are the same in an environment variable; rename one",
    ),
    (
        "\n[bindings.order]",
        ONE,
        MEMORY,
        "b.toml:2:11: bindings.order: no function has a binding of that name; the nearest is `orders`",
    ),
    (
        "bindings.zzz.group = 'g'",
        ONE,
        MEMORY,
        "b.toml:1:10: bindings.zzz: no function has a binding of that name; there is `invoices`, `orders`",
    ),
    (
        "bindings.invoices.group = 'g'",
        ONE,
        MEMORY,
        "b.toml:1:19: bindings.invoices.group: of no effect: no function reads `invoices`",
    ),
    (
        "bindings.orders.output.binder = 'memory'",
        ONE,
        MEMORY,
        "b.toml:1:17: bindings.orders.output: of no effect: no function sends to `orders`",
    ),
    (
        "bindings.invoices.retry.max_attempts = 1",
        ONE,
        MEMORY,
        "b.toml:1:19: bindings.invoices.retry: of no effect: no function reads `invoices`",
    ),
    (
        "bindings.orders.native.kafak = {}",
        ONE,
        MEMORY,
        "b.toml:1:24: bindings.orders.native.kafak: no kind of binder that takes options; the nearest is `kafka`",
    ),
    (
        "bindings.orders.input.native.memory = {}",
        ONE,
        MEMORY,
        "b.toml:1:30: bindings.orders.input.native.memory: no kind of binder that takes options; there is `amqp`, `kafka`",
    ),
    // Groups.
    (
        "bindings.orders.group = 'g'",
        TWO,
        MEMORY,
        "b.toml:1:17: bindings.orders.group: `a`, `b` all read `orders`, and in one group each message would reach only one of them; remove `group`, or give each function a binding of its own",
    ),
    (
        "[bindings.orders]\ngroup = 'g'\nanonymous = true",
        ONE,
        MEMORY,
        "b.toml:2:1: bindings.orders.group: an anonymous input has no group; remove `group` or `anonymous`",
    ),
    (
        "[bindings.orders]\nstart = 'earliest'\nanonymous = true",
        ONE,
        MEMORY,
        "b.toml:2:1: bindings.orders.start: an anonymous input begins with the latest; remove `start` or `anonymous`",
    ),
    (
        "[bindings]\nx = { destination = 'd', group = 'g' }\ny = { destination = 'd', group = 'g' }",
        &[f("a", &["x"], &[]), f("b", &["y"], &[])],
        MEMORY,
        "b.toml:3:26: bindings.y.group: functions `a` by `x` and `b` by `y` read destination `d` in one group, `g`, so each message would reach only one of them; give one another group",
    ),
    (
        "[bindings]\nx.destination = 'd'\ny.destination = 'd'",
        &[f("a", &["x", "y"], &[])],
        MEMORY,
        "bindings.y.group: functions `a` by `x` and `a` by `y` read destination `d` in one group, `shop.a`, so each message would reach only one of them; give one another group",
    ),
    (
        "",
        &[f("größe", &["x"], &[])],
        MEMORY,
        "bindings.x.group: group `shop.größe` has 'ö'; allowed are letters, digits, `.`, `_` and `-`; set `group`, or `app.name`",
    ),
    // Values.
    (
        "bindings.orders.retry = 'standrd'\nretry.standard = {}",
        ONE,
        MEMORY,
        "b.toml:1:17: bindings.orders.retry: unknown retry policy `standrd`; the nearest is `standard`",
    ),
    (
        "bindings.orders.retry = 'standard'",
        ONE,
        MEMORY,
        "b.toml:1:17: bindings.orders.retry: unknown retry policy `standard`; there is none",
    ),
    (
        "bindings.orders.retry.backoff.initial = '30s'",
        ONE,
        MEMORY,
        "b.toml:1:31: bindings.orders.retry.backoff.initial: `initial` is above `max` (defaults: 1s, 10s); set both",
    ),
    (
        "bindings.orders.dead_letter = 'orders'",
        ONE,
        MEMORY,
        "b.toml:1:17: bindings.orders.dead_letter: `orders` is what the input itself reads; choose another destination",
    ),
    (
        "[bindings.orders]\ndestination = ['a', 'b']\ndead_letter = 'b'",
        ONE,
        MEMORY,
        "b.toml:3:1: bindings.orders.dead_letter: `b` is what the input itself reads; choose another destination",
    ),
    (
        "[bindings.orders]\ndestination = ['a', 'b']\nmax_in_flight = 1",
        ONE,
        MEMORY,
        "b.toml:3:1: bindings.orders.max_in_flight: `1` is less than one message for each of the 2 destinations, those of retries included",
    ),
    (
        "bindings.invoices.destination = ['a']",
        ONE,
        MEMORY,
        "b.toml:1:19: bindings.invoices.destination: an output sends to one destination; a list is for an input, under `bindings.invoices.input` where the binding is both",
    ),
    (
        "bindings.x.destination = ['a', 'b']",
        &[f("a", &["x"], &[]), f("b", &[], &["x"])],
        MEMORY,
        "b.toml:1:12: bindings.x.destination: an output sends to one destination; a list is for an input, under `bindings.x.input` where the binding is both",
    ),
    (
        "[bindings.x]\ngroup = 'g'\ndestination = ['a', 'b']\n[bindings.y]\ngroup = 'g'\ndestination = ['c', 'b']",
        &[f("a", &["x"], &[]), f("b", &["y"], &[])],
        MEMORY,
        "b.toml:5:1: bindings.y.group: functions `a` by `x` and `b` by `y` read destination `b` in one group, `g`, so each message would reach only one of them; give one another group",
    ),
    (
        "bindings.orders.retry.where = 'broker'",
        ONE,
        MEMORY,
        "b.toml:1:17: bindings.orders.retry: `where = \"broker\"` lets later messages overtake what is tried again; set `order = \"none\"`, or remove `where`",
    ),
    (
        "[bindings.orders]\norder = 'none'\nanonymous = true\nretry.where = 'broker'",
        ONE,
        MEMORY,
        "b.toml:4:1: bindings.orders.retry: `where = \"broker\"` is for a group, and an anonymous input has none; remove `where` or `anonymous`",
    ),
    (
        "[bindings.orders]\norder = 'none'\nretry = 'long'\n[retry.long]\nwhere = 'broker'\nmax_attempts = 20\nbackoff.max = '1h'",
        ONE,
        MEMORY,
        "b.toml:3:1: bindings.orders.retry: `where = \"broker\"` takes at most 8 different waits, each a destination of its own; lower `max_attempts` or `backoff.max`, or raise `backoff.factor`",
    ),
    (
        "[bindings.orders]\norder = 'none'\nretry.where = 'broker'\nmax_in_flight = 2",
        ONE,
        MEMORY,
        "b.toml:4:1: bindings.orders.max_in_flight: `2` is less than one message for each of the 3 destinations, those of retries included",
    ),
    (
        "bindings.orders.max_in_flight = 65536",
        ONE,
        &["amqp"],
        "b.toml:1:17: bindings.orders.max_in_flight: amqp takes at most 65535, found `65536`",
    ),
    (
        "app.instance = { index = 2, count = 2 }",
        ONE,
        MEMORY,
        "b.toml:1:18: app.instance.index: found `2`, and `app.instance.count` is 2: instances count from 0",
    ),
    (
        "bindings.orders.grow = true",
        ONE,
        MEMORY,
        "b.toml:1:17: bindings.orders.grow: of no effect: no `partition_count` is set for the destination",
    ),
    (
        "[bindings]\norders = { destination = 'd', partition_count = 3 }\ninvoices = { destination = 'd', partition_count = 4 }",
        ONE,
        MEMORY,
        "b.toml:3:33: bindings.invoices.partition_count: destination `d` has 3 by `bindings.orders.partition_count` (b.toml:2:31) and 4 here; make them equal",
    ),
];

#[test]
fn every_refusal_has_its_text() {
    let mut wrong = Vec::new();
    for (text, functions, compiled, expected) in REFUSALS {
        let config = Config::parse("b.toml", text).unwrap();
        let said = match config.resolve("shop", functions, compiled) {
            Ok(_) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        };
        if said != *expected {
            wrong.push(format!("{text}\n  says     {said}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn s15_02_dead_letters_without_a_group_are_refused() {
    for dead_letter in ["true", "'d'"] {
        let text = format!("[bindings.orders]\ndead_letter = {dead_letter}\nanonymous = true");
        let config = Config::parse("b.toml", &text).unwrap();
        let said = config.resolve("shop", ONE, MEMORY).unwrap_err().to_string();
        assert_eq!(
            said,
            "b.toml:2:1: bindings.orders.dead_letter: an anonymous input has no dead letters; \
             remove `dead_letter` or `anonymous`"
        );
    }
}

#[test]
fn all_refusals_come_at_once() {
    let text = "default_binder = 'kafka'\nbindings.orders.retry = 'x'\nbindings.zzz = {}\n\
                bindings.invoices.binder = 'memory'\nbindings.invoices.partition_count = 1\n\
                bindings.orders.binder = 'memory'";
    let config = Config::parse("b.toml", text).unwrap();
    let functions = [ONE[0], f("enrich", &["more"], &[])];
    let error = config.resolve("shop", &functions, MEMORY).unwrap_err().to_string();
    assert!(
        error.starts_with("the configuration has 4 problems:\n  function `enrich`: "),
        "{error}"
    );
    for part in ["bindings.zzz: ", "unknown retry policy `x`", "`kafka` is not compiled in"] {
        assert!(error.contains(part), "{error}");
    }
}
