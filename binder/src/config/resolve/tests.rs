use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use binder_core::logic::backoff::Backoff;
use binder_core::{Destination, Group, Limit, Start, Unrouted};

use super::*;
use crate::config::load;
use crate::config::{Secret, Sources};

const ALL: [&str; 3] = ["memory", "kafka", "amqp"];

const SHOP: [FunctionNames<'static>; 3] = [
    FunctionNames { name: "enrich", inputs: &["orders"], outputs: &["invoices", "shipments"] },
    FunctionNames { name: "totals", inputs: &["invoices"], outputs: &["totals"] },
    FunctionNames { name: "beat", inputs: &[], outputs: &["heartbeats"] },
];

fn resolve(text: &str, compiled: &[&str]) -> Result<Resolved> {
    Config::parse("b.toml", text).unwrap().resolve("shop", &SHOP, compiled)
}

fn on_memory(text: &str) -> Resolved {
    resolve(text, &["memory"]).unwrap()
}

fn input<'a>(resolved: &'a Resolved, function: &str) -> &'a ResolvedInput {
    &resolved.functions.iter().find(|f| f.name == function).unwrap().inputs[0]
}

fn output<'a>(resolved: &'a Resolved, name: &str) -> &'a ResolvedOutput {
    let mut outputs = resolved.functions.iter().flat_map(|f| &f.outputs);
    outputs.find(|output| output.binding.as_str() == name).unwrap()
}

/// The configuration that only variables make.
fn of_variables(variables: &[(&str, &str)]) -> Config {
    let mut sources = Sources::of_process(variables.iter().map(|(n, v)| (n.into(), v.into())));
    sources.directory = "/nonexistent".into();
    load(&sources).unwrap()
}

#[test]
fn nothing_given_is_the_defaults_on_memory() {
    let resolved = on_memory("");
    assert_eq!((resolved.app.as_str(), resolved.grace), ("shop", Duration::from_secs(20)));
    let orders = input(&resolved, "enrich");
    assert_eq!(orders.sources[0].destination.as_str(), "orders");
    assert_eq!(orders.group.as_ref().unwrap().as_str(), "shop.enrich");
    assert_eq!(
        (orders.start, orders.order, orders.concurrency),
        (Start::Earliest, Order::Partition, 1)
    );
    assert_eq!((orders.max_in_flight, orders.sources[0].partition_count), (None, None));
    assert_eq!(orders.deadline, Some(Duration::from_secs(300)));
    assert_eq!(orders.retry, RetryPolicy::default());
    assert_eq!(
        (orders.sources[0].dead_letter.as_ref(), orders.on_exhausted),
        (None, OnExhausted::Stop)
    );
    assert!(orders.copy_headers && output(&resolved, "totals").copy_headers);
    assert_eq!(resolved.binders.keys().collect::<Vec<_>>(), ["memory"]);
    let names: Vec<_> = resolved.functions[0].outputs.iter().map(|o| o.binding.as_str()).collect();
    assert_eq!(names, ["invoices", "shipments"]);
}

#[test]
fn an_output_fails_unrouted_where_somebody_must_read_it() {
    let resolved = on_memory(
        "bindings.totals.required_groups = ['ledger']\nbindings.heartbeats.unrouted = 'fail'",
    );
    assert_eq!(output(&resolved, "invoices").unrouted, Unrouted::Fail, "read by `totals`");
    assert_eq!(output(&resolved, "totals").unrouted, Unrouted::Fail, "a required group");
    assert_eq!(output(&resolved, "heartbeats").unrouted, Unrouted::Fail, "asked for");
    assert_eq!(output(&resolved, "shipments").unrouted, Unrouted::Drop);
    let resolved = on_memory("bindings.invoices.unrouted = 'drop'");
    assert_eq!(output(&resolved, "invoices").unrouted, Unrouted::Drop);
    // The same name on another binder is another destination.
    let text = "bindings.invoices.input.binder = 'memory'\ndefault_binder = 'kafka'";
    let resolved = resolve(text, &ALL).unwrap();
    assert_eq!(output(&resolved, "invoices").unrouted, Unrouted::Drop);
}

#[test]
fn every_key_of_a_binding_arrives() {
    let resolved = on_memory(
        "[app]\nname = 'store'\n[bindings.orders]\ndestination = 'shop.orders'\ngroup = 'billing'\n\
         start = 'latest'\nconcurrency = 8\norder = 'key'\nmax_in_flight = 10\n\
         max_in_flight_bytes = '1MiB'\ndeadline = 'off'\ndead_letter = true\n\
         on_exhausted = 'drop'\ncopy_headers = false\npartition_count = 12\n\
         retry = { max_attempts = 4, backoff = { initial = '100ms', factor = 3, jitter = false } }\n\
         [bindings.heartbeats]\ndestination = 'beats'\non_exhausted = 'drop'\ncopy_headers = false\n\
         required_groups = ['a', 'b']\npartition_count = 3\n",
    );
    let orders = input(&resolved, "enrich");
    assert_eq!(orders.sources[0].destination.as_str(), "shop.orders");
    assert_eq!(orders.group.as_ref().unwrap().as_str(), "billing");
    assert_eq!((orders.start, orders.order, orders.concurrency), (Start::Latest, Order::Key, 8));
    assert_eq!(orders.max_in_flight, Some(Limit { messages: 10, bytes: 1 << 20 }));
    assert_eq!(orders.deadline, None);
    assert_eq!(orders.sources[0].dead_letter.as_ref().unwrap().as_str(), "shop.orders.billing.dlq");
    assert_eq!((orders.on_exhausted, orders.copy_headers), (OnExhausted::Drop, false));
    assert_eq!(orders.sources[0].partition_count, NonZeroU32::new(12));
    let backoff = Backoff {
        initial: Duration::from_millis(100),
        factor: 3.0,
        jitter: false,
        ..Backoff::default()
    };
    assert_eq!(orders.retry, RetryPolicy { max_attempts: 4, backoff, place: RetryPlace::Process });
    assert_eq!(input(&resolved, "totals").group.as_ref().unwrap().as_str(), "store.totals");
    let beats = output(&resolved, "heartbeats");
    assert_eq!((beats.destination.as_str(), beats.on_exhausted), ("beats", OnExhausted::Drop));
    assert_eq!((beats.copy_headers, beats.partition_count), (false, NonZeroU32::new(3)));
    let groups: Vec<_> = beats.required_groups.iter().map(Group::as_str).collect();
    assert_eq!(groups, ["a", "b"]);
}

#[test]
fn a_side_overrides_what_both_share() {
    let resolved = on_memory(
        "[bindings.invoices]\ndestination = 'both'\non_exhausted = 'drop'\npartition_count = 4\n\
         retry = { max_attempts = 9 }\n\
         [bindings.invoices.input]\ndestination = 'in'\nretry = 'slow'\n\
         [bindings.invoices.output]\non_exhausted = 'stop'\npartition_count = 5\n\
         [retry.slow]\nbackoff.max = '1m'\n",
    );
    let (sent, read) = (output(&resolved, "invoices"), input(&resolved, "totals"));
    assert_eq!((sent.destination.as_str(), read.sources[0].destination.as_str()), ("both", "in"));
    assert_eq!((sent.on_exhausted, read.on_exhausted), (OnExhausted::Stop, OnExhausted::Drop));
    assert_eq!(
        (sent.partition_count, read.sources[0].partition_count),
        (NonZeroU32::new(5), NonZeroU32::new(4))
    );
    let backoff = Backoff { max: Duration::from_secs(60), ..Backoff::default() };
    assert_eq!(read.retry, RetryPolicy { max_attempts: 3, backoff, place: RetryPlace::Process });
}

#[test]
fn an_anonymous_input_has_no_group_and_begins_with_the_latest() {
    let resolved = on_memory("bindings.orders.anonymous = true");
    let orders = input(&resolved, "enrich");
    assert_eq!((orders.group.as_ref(), orders.start), (None, Start::Latest));
}

#[test]
fn a_partition_count_holds_for_every_binding_of_the_destination() {
    let text = "[bindings]\ninvoices.partition_count = 7\nshipments.destination = 'invoices'\n";
    let resolved = on_memory(text);
    assert_eq!(output(&resolved, "shipments").partition_count, NonZeroU32::new(7));
    assert!(!output(&resolved, "shipments").grow);
    assert_eq!(output(&resolved, "totals").partition_count, None);

    let growing = on_memory(&format!("{text}shipments.grow = true\n"));
    assert!(output(&growing, "shipments").grow && output(&growing, "invoices").grow);
    assert!(!output(&growing, "totals").grow);
}

#[test]
fn an_application_is_the_only_instance_unless_it_says_otherwise() {
    assert_eq!(on_memory("").instance, binder_core::Instance::default());
    let instance = on_memory("app.instance = { index = 2, count = 3 }").instance;
    assert_eq!((instance.index, instance.count.get()), (2, 3));
}

#[test]
fn half_a_limit_is_completed_with_the_default_of_the_kind() {
    for (kind, messages) in [("kafka", 65_536), ("amqp", 1024), ("memory", 1024)] {
        let text = format!("default_binder = '{kind}'\nbindings.orders.max_in_flight_bytes = 10");
        let limit = Some(Limit { messages, bytes: 10 });
        assert_eq!(input(&resolve(&text, &ALL).unwrap(), "enrich").max_in_flight, limit);
    }
    let resolved = on_memory("bindings.orders.max_in_flight = 5");
    let limit = Some(Limit { messages: 5, bytes: 64 << 20 });
    assert_eq!(input(&resolved, "enrich").max_in_flight, limit);
}

#[test]
fn one_compiled_broker_is_the_default_and_memory_comes_last() {
    for (compiled, name) in [
        (&["memory"][..], "memory"),
        (&["memory", "kafka"], "kafka"),
        (&["rabbitmq", "memory"], "amqp"),
    ] {
        let resolved = resolve("", compiled).unwrap();
        assert_eq!(resolved.binders.keys().collect::<Vec<_>>(), [name]);
        assert_eq!(input(&resolved, "enrich").binder, name);
    }
}

#[test]
fn the_default_binder_may_be_a_table_or_a_kind() {
    for (text, name, kind) in [
        ("default_binder = 'kafka'", "kafka", "kafka"),
        ("default_binder = 'rabbitmq'", "amqp", "amqp"),
        ("default_binder = 'rabbitmq'\nbinders.amqp = {}", "amqp", "amqp"),
        ("default_binder = 'amqp'\nbinders.rabbitmq = {}", "rabbitmq", "amqp"),
        ("default_binder = 'main'\nbinders.main.kind = 'rabbitmq'", "main", "amqp"),
        ("default_binder = 'kafka'\nbinders.main.kind = 'kafka'", "main", "kafka"),
        (
            "default_binder = 'kafka'\nbinders.b.kind = 'kafka'\nbinders.kafka = {}",
            "kafka",
            "kafka",
        ),
    ] {
        let resolved = resolve(text, &ALL).unwrap();
        let binders: Vec<_> =
            resolved.binders.values().map(|b| (b.name.as_str(), b.kind.as_str())).collect();
        assert_eq!(binders, [(name, kind)], "{text}");
    }
}

#[test]
fn a_binder_that_nothing_uses_needs_no_feature() {
    let text = "default_binder = 'memory'\n[binders.kafka]\nservers = ['h:1']";
    let resolved = resolve(text, &["memory"]).unwrap();
    assert_eq!(resolved.binders.keys().collect::<Vec<_>>(), ["memory"]);
}

#[test]
fn settings_of_binders_have_defaults_by_kind() {
    let text = "bindings.orders.binder = 'kafka'\nbindings.invoices.input.binder = 'amqp'\n\
                bindings.invoices.output.binder = 'other'\ndefault_binder = 'memory'\n\
                [binders.other]\nkind = 'amqp'\nservers = ['a:1', 'b:2']\nusername = 'u'\n\
                password = 'hunter2'\nvhost = 'v'\nconnect = '3s'\nnative = { a.b = 1 }\n\
                [binders.amqp]\n";
    let resolved = resolve(text, &ALL).unwrap();
    assert!(!format!("{resolved:?}").contains("hunter2"));
    let line = |name: &str| {
        let b = &resolved.binders[name];
        let password = b.password.as_ref().map(Secret::reveal);
        format!(
            "{:?} {:?} {password:?} {:?} {:?} {:?}",
            b.servers, b.username, b.vhost, b.connect, b.native
        )
    };
    assert_eq!(line("memory"), "[] None None None 10s {}");
    assert_eq!(line("kafka"), "[\"127.0.0.1:9092\"] None None None 10s {}");
    assert_eq!(
        line("amqp"),
        "[\"127.0.0.1:5672\"] Some(\"guest\") Some(\"guest\") Some(\"/\") 10s {}"
    );
    assert_eq!(
        line("other"),
        "[\"a:1\", \"b:2\"] Some(\"u\") Some(\"hunter2\") Some(\"v\") 3s {\"a.b\": \"1\"}"
    );
}

#[test]
fn native_options_are_those_of_the_kind_and_the_side_comes_first() {
    let text = "default_binder = 'amqp'\n[bindings.invoices.native]\nkafka = { a = 1 }\n\
                amqp = { b = 'shared', c = true }\n\
                [bindings.invoices.input.native.rabbitmq]\nb = 'side'\n'ssl.key' = 'hunter2'\n";
    let resolved = resolve(text, &ALL).unwrap();
    let native = &input(&resolved, "totals").native;
    let pairs = [("b", "side"), ("c", "true"), ("ssl.key", "hunter2")];
    let expected: BTreeMap<_, _> = pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    assert_eq!(native.options(), &expected);
    assert_eq!(format!("{native:?}"), r#"{"b": "side", "c": "true", "ssl.key": "***"}"#);
    let sent = output(&resolved, "invoices").native.options();
    assert_eq!(sent.get("b").map(String::as_str), Some("shared"));
}

#[test]
fn a_variable_reaches_a_name_with_a_hyphen() {
    let config = of_variables(&[
        ("BINDER__BINDINGS__MY_ORDERS__GROUP", "billing"),
        ("BINDER__BINDINGS__MY_ORDERS__RETRY", "very-slow"),
        ("BINDER__RETRY__VERY_SLOW__MAX_ATTEMPTS", "9"),
        ("BINDER__BINDERS__MY_KAFKA__KIND", "kafka"),
        ("BINDER__BINDERS__MY_KAFKA__NATIVE__CLIENT__ID", "x"),
        ("BINDER__DEFAULT_BINDER", "my-kafka"),
    ]);
    let functions = [FunctionNames { name: "f", inputs: &["my-orders"], outputs: &[] }];
    let resolved = config.resolve("shop", &functions, &ALL).unwrap();
    let orders = input(&resolved, "f");
    assert_eq!(orders.group.as_ref().unwrap().as_str(), "billing");
    assert_eq!(orders.retry.max_attempts, 9);
    assert_eq!(resolved.binders[&orders.binder].native.options()["client.id"], "x");
}

/// Reading back what the schema takes: a reader of the wrong type would answer nothing.
#[test]
fn every_reader_fits_its_key() {
    let config = Config::parse(
        "b.toml",
        "grace = '1s'\n[app]\nname = 'n'\n[binders.memory]\nconnect = '2s'\n\
         [retry.r.backoff]\nmax = '7s'\n[bindings.orders]\nretry = 'r'\ndead_letter = 'dead'\n\
         order = 'none'\ndeadline = '4s'\n",
    );
    let resolved = config.unwrap().resolve("shop", &SHOP, &["memory"]).unwrap();
    assert_eq!((resolved.app.as_str(), resolved.grace), ("n", Duration::from_secs(1)));
    assert_eq!(resolved.binders["memory"].connect, Duration::from_secs(2));
    let orders = input(&resolved, "enrich");
    assert_eq!(orders.retry.backoff.max, Duration::from_secs(7));
    assert_eq!(orders.sources[0].dead_letter.as_ref().unwrap().as_str(), "dead");
    assert_eq!((orders.order, orders.deadline), (Order::None, Some(Duration::from_secs(4))));
}

#[test]
fn s15_09_an_input_may_read_several_destinations() {
    let list = "destination = ['shop.orders', 'shop.returns']\n";
    let of = |keys: &str| on_memory(&format!("[bindings.orders]\n{list}{keys}"));
    let names = |resolved: &Resolved| -> Vec<String> {
        let none = Destination::new("-").unwrap();
        let sources = input(resolved, "enrich").sources.iter();
        let pair = |s: &ResolvedSource| {
            format!("{} {}", s.destination, s.dead_letter.as_ref().unwrap_or(&none))
        };
        sources.map(pair).collect()
    };
    assert_eq!(names(&of("")), ["shop.orders -", "shop.returns -"]);
    assert_eq!(
        names(&of("dead_letter = true")),
        ["shop.orders shop.orders.shop.enrich.dlq", "shop.returns shop.returns.shop.enrich.dlq"],
        "each has its own"
    );
    assert_eq!(names(&of("dead_letter = 'dead'")), ["shop.orders dead", "shop.returns dead"]);
    let limit = Some(Limit { messages: 1024, bytes: 64 << 20 });
    assert_eq!(input(&of(""), "enrich").max_in_flight, limit, "there is something to share");
    let counted = of("partition_count = 3\n[bindings.totals]\ndestination = 'shop.returns'");
    let counts = input(&counted, "enrich").sources.iter().map(|source| source.partition_count);
    assert!(counts.eq([NonZeroU32::new(3); 2]));
    assert_eq!(output(&counted, "totals").partition_count, NonZeroU32::new(3));
    assert_eq!(output(&counted, "totals").unrouted, Unrouted::Fail, "the application reads it");
}

#[test]
fn a_variable_names_several_destinations() {
    let config = of_variables(&[("BINDER__BINDINGS__ORDERS__DESTINATION", "a, b")]);
    let resolved = config.resolve("shop", &SHOP, &["memory"]).unwrap();
    let sources = input(&resolved, "enrich").sources.iter();
    assert_eq!(sources.map(|s| s.destination.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn what_waits_at_the_broker_has_a_destination_for_each_wait() {
    let text = "[bindings.orders]\norder = 'none'\ndestination = ['a', 'b']\nretry = 'later'\n\
                [retry.later]\nwhere = 'broker'\nmax_attempts = 9";
    let resolved = on_memory(text);
    let orders = input(&resolved, "enrich");
    assert_eq!(orders.retry.place, RetryPlace::Broker);
    let names = |at: usize| orders.sources[at].retries.iter().map(Destination::as_str);
    assert_eq!(names(0).count(), 5, "1, 2, 4, 8 and 10 s");
    assert_eq!(names(0).next(), Some("a.shop.enrich.retry-1"));
    assert_eq!(names(1).next_back(), Some("b.shop.enrich.retry-5"));
    let limit = Some(Limit { messages: 1024, bytes: 64 << 20 });
    assert_eq!(orders.max_in_flight, limit, "there is something to share");
    let once =
        "bindings.orders = { order = 'none', retry = { where = 'broker', max_attempts = 1 } }";
    assert!(input(&on_memory(once), "enrich").sources[0].retries.is_empty());
}
