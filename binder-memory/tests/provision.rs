//! What is created, what is checked, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::num::NonZeroU32;
use std::time::Duration;

use binder_core::{
    Binder, Capabilities, DeadLetterSpec, Destination, Error, ErrorKind, Group, Result, Start,
    Topology,
};
use binder_memory::MemoryBinder;
use common::{backlog, bind, input, output, read, with_partitions, write};
use futures::FutureExt;

fn provision(broker: &MemoryBinder, topology: &Topology) -> Result<()> {
    broker.provision(topology).now_or_never().expect("ready at once")
}

fn partitions(broker: &MemoryBinder, destination: &str) -> Option<u32> {
    broker.partition_count(&Destination::new(destination).unwrap()).map(NonZeroU32::get)
}

fn refused(broker: &MemoryBinder, destination: &str, count: u32) -> Error {
    let spec = with_partitions(output(destination), count);
    broker.bind_producer(&spec).now_or_never().unwrap().err().expect("refused")
}

#[test]
fn whoever_comes_first_says_how_many_partitions() {
    let broker = MemoryBinder::new();
    assert_eq!(partitions(&broker, "orders"), None);
    write(&broker, &output("plain"));
    write(&broker, &with_partitions(output("orders"), 3));
    write(&broker, &with_partitions(output("orders"), 2));
    let mut spec = input("orders", Some("g"));
    spec.partition_count = NonZeroU32::new(3);
    read(&broker, &spec);
    assert_eq!((partitions(&broker, "plain"), partitions(&broker, "orders")), (Some(8), Some(3)));
}

#[test]
fn a_larger_request_is_refused_with_both_numbers() {
    let broker = MemoryBinder::new();
    write(&broker, &with_partitions(output("orders"), 3));
    let error = refused(&broker, "orders", 4);
    assert_eq!(error.kind(), ErrorKind::Topology);
    let text = error.to_string();
    let start = "binder `memory`, binding `out`, destination `orders`: has 3 partitions, 4 are";
    assert!(text.starts_with(start), "{text}");
    let mut spec = input("orders", Some("g"));
    spec.partition_count = NonZeroU32::new(9);
    assert_eq!(bind(&broker, &spec).err().map(|error| error.kind()), Some(ErrorKind::Topology));
    assert_eq!(backlog(&broker, "orders", "g"), None, "a refused input leaves no group behind");
    assert_eq!(refused(&broker, "huge", u32::MAX).kind(), ErrorKind::Topology);
}

#[test]
fn a_destination_that_may_grow_does_and_readers_get_what_is_new_from_its_beginning() {
    let broker = MemoryBinder::new();
    let mut late = input("orders", Some("late"));
    late.start = Start::Latest;
    late.partition_count = NonZeroU32::new(2);
    let mut reader = read(&broker, &late);
    let mut old = write(&broker, &with_partitions(output("orders"), 2));
    let mut growing = with_partitions(output("orders"), 4);
    growing.grow = true;
    let mut new = write(&broker, &growing);
    assert_eq!(partitions(&broker, "orders"), Some(4));
    // Neither makes it smaller again.
    write(&broker, &with_partitions(output("orders"), 3));
    assert_eq!(partitions(&broker, "orders"), Some(4));
    new.send_all(["a", "b", "c", "d"]);
    old.send_all(["e", "f", "g", "h"]);
    let mut of: Vec<_> = reader.take().iter().map(|one| one.tag.partition).collect();
    of.sort_unstable();
    assert_eq!(of, [0, 0, 1, 1, 2, 2, 3, 3], "both outputs use all four");
    growing.partition_count = NonZeroU32::new(u32::MAX);
    let refused = broker.bind_producer(&growing).now_or_never().unwrap().err().expect("refused");
    assert_eq!(refused.kind(), ErrorKind::Topology);
}

#[test]
fn an_option_of_another_client_is_refused_by_name() {
    let broker = MemoryBinder::new();
    let mut spec = input("orders", Some("g"));
    spec.native.insert("client.id".into(), "shop".into());
    let error = bind(&broker, &spec).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`client.id`"), "{error}");
}

#[test]
fn an_application_is_provisioned_whole_whatever_the_order() {
    let broker = MemoryBinder::new();
    let mut late = input("orders", Some("late"));
    late.start = Start::Latest;
    let mut ledger = with_partitions(output("orders"), 12);
    ledger.required_groups = vec![Group::new("ledger").unwrap()];
    let dead = DeadLetterSpec {
        destination: Destination::new("orders.dlq").unwrap(),
        partition_count: None,
        grow: false,
        connect: Duration::from_secs(1),
    };
    let topology = Topology {
        consumers: vec![input("orders", Some("billing")), late, input("orders", None)],
        producers: vec![output("orders"), ledger],
        dead_letters: vec![dead],
    };
    provision(&broker, &topology).unwrap();
    provision(&broker, &topology).unwrap();
    assert_eq!(partitions(&broker, "orders"), Some(12), "the largest request of the application");
    write(&broker, &output("orders")).send_all(["before anyone is bound"]);
    for group in ["billing", "late", "ledger"] {
        assert_eq!(backlog(&broker, "orders", group), Some(1), "{group}");
        assert_eq!(read(&broker, &input("orders", Some(group))).take().len(), 1, "{group}");
    }
    assert_eq!(backlog(&broker, "orders.dlq", "dlq"), Some(0));
    let more = Topology { producers: vec![with_partitions(output("orders"), 13)], ..topology };
    let error = provision(&broker, &more).unwrap_err();
    assert!(error.to_string().contains("12 partitions, 13 are requested"), "{error}");
}

#[test]
fn it_promises_only_what_it_has() {
    let mut expected = Capabilities::default();
    expected.partitions = true;
    expected.dead_letter_store = true;
    assert_eq!(MemoryBinder::new().capabilities(), expected);
    assert_eq!(format!("{:?}", MemoryBinder::new()), "MemoryBinder { destinations: 0 }");
}

#[test]
fn binding_and_unbinding_leaves_nothing_behind() {
    let broker = MemoryBinder::new();
    let mut writer = write(&broker, &with_partitions(output("orders"), 1));
    for round in 0..20 {
        let mut members: Vec<_> = (0..4)
            .map(|n| bind(&broker, &input("orders", (n % 2 == 0).then_some("g"))).unwrap())
            .collect();
        if round % 2 == 0 {
            members.reverse();
        }
        members.iter_mut().for_each(common::Reader::close);
    }
    // No dead member owns the partition, and no dead private copy holds a message back.
    let mut reader = read(&broker, &input("orders", Some("g")));
    for _ in 0..3 {
        (0..10_000).for_each(|_| writer.queue(binder_core::Message::new("x")));
        assert!(writer.publish());
        let got = reader.take();
        assert_eq!(got.len(), 10_000);
        reader.ack(&got);
    }
}
