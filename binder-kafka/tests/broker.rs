//! The same cases on a real Apache Kafka, and those that the mock cannot serve.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![allow(clippy::disallowed_methods, reason = "nobody counts the tasks of a test")]

#[path = "support/cases.rs"]
mod cases;
mod support;
#[path = "support/weaknesses.rs"]
mod weaknesses;

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use binder_core::{Binder, ConsumerSpec, Delivery, Settlement, Start, Topology};
use binder_kafka::KafkaBinder;

use support::{Broker, Input, Output, consumer, numbered, producer, unique, with_native};

macro_rules! on_the_broker {
    ($($name:ident = $cases:ident::$case:ident $(($($argument:expr),+))?),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs a real broker: cargo xtask test runs it"]
        async fn $name() {
            $cases::$case(&Broker::real() $(, $($argument),+)?).await;
        }
    )+};
}

on_the_broker! {
    message = cases::a_message_comes_back_as_it_went,
    order = cases::messages_of_a_key_keep_their_order,
    prefix = cases::s15_11_only_the_settled_prefix_is_committed,
    bounded = cases::what_is_uncommitted_is_bounded,
    released = cases::a_released_message_comes_again,
    latest = cases::the_latest_is_pinned_when_assigned,
    drained = cases::k07_what_has_started_finishes_before_a_partition_moves,
    eager = cases::members_come_and_go_and_nothing_is_lost("range"),
    cooperative = cases::members_come_and_go_and_nothing_is_lost("cooperative-sticky"),
    empty = cases::an_empty_assignment_is_one,
    many = cases::many_messages_flow_from_topic_to_topic(100_000),
    too_large = cases::a_message_too_large_is_refused_and_the_next_is_sent,
    too_few = cases::more_partitions_than_exist_are_an_error,
    dropped = cases::k01_what_was_dropped_without_a_close_comes_again,
    slow = weaknesses::k08_a_slow_function_keeps_the_membership,
    idle = weaknesses::k10_what_was_handled_is_committed_while_nothing_comes,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real broker: cargo xtask test runs it"]
async fn topics_are_created_once_by_whoever_comes_first() {
    let broker = Broker::real();
    let name = unique("created");
    let dead = unique("dead");
    let topology = Topology {
        consumers: vec![consumer(&name, "g")],
        producers: vec![producer(&name)],
        dead_letters: vec![binder_core::DeadLetterSpec {
            grow: false,
            destination: binder_core::Destination::new(&dead).unwrap(),
            partition_count: NonZeroU32::new(3),
            connect: Duration::from_secs(10),
        }],
    };
    let (one, two) = (broker.binder(), broker.binder());
    let (first, second) = tokio::join!(one.provision(&topology), two.provision(&topology));
    first.unwrap();
    second.unwrap();
    let mut spec = producer(&name);
    spec.partition_count = NonZeroU32::new(8);
    one.bind_producer(&spec).await.unwrap();
    spec.partition_count = NonZeroU32::new(9);
    assert!(one.bind_producer(&spec).await.is_err());
    spec.destination = binder_core::Destination::new(&dead).unwrap();
    spec.partition_count = NonZeroU32::new(4);
    assert!(one.bind_producer(&spec).await.is_err());
    spec.partition_count = NonZeroU32::new(3);
    one.bind_producer(&spec).await.unwrap();
}

/// Whoever has added partitions reads them from their beginning, also in a group from the latest,
/// and though others send there before it has joined. To a group that begins now nothing is new.
///
/// Not on the mock, which adds no partitions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real broker: cargo xtask test runs it"]
async fn what_a_binder_has_added_it_reads_from_the_beginning() {
    let broker = Broker::real();
    let topic = broker.topic(2).await;
    let mut spec = consumer(&topic, &unique("group"));
    spec.start = Start::Latest;
    let before = broker.binder();
    Input::assigned(&before, &spec).await.close().await;
    spec.partition_count = NonZeroU32::new(4);
    spec.grow = true;
    let binder = broker.binder();
    let topology = Topology { consumers: vec![spec.clone()], ..Topology::default() };
    binder.provision(&topology).await.unwrap();
    Output::bind(&broker.binder(), &topic).await.confirm((0..40).map(|n| numbered(n, 40))).await;
    let mut anonymous = spec.clone();
    anonymous.group = None;
    let mut anonymous = Input::assigned(&binder, &anonymous).await;
    assert!(anonymous.is_quiet(Duration::from_millis(500)).await);
    anonymous.close().await;
    let mut input = Input::assigned(&binder, &spec).await;
    let came = input.take(40).await;
    assert!(came.iter().any(|delivery| delivery.tag.partition >= 2), "none came from a new one");
    input.close().await;
}

/// Messages and acker are still held when an input closes, or is dropped.
///
/// Not on the mock: a group there that everybody has left begins anew after a session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real broker: cargo xtask test runs it"]
async fn k12_a_held_message_keeps_no_closed_input_in_its_group() {
    let broker = Broker::real();
    let topic = broker.topic(2).await;
    let binder = broker.binder();
    let mut output = Output::bind(&binder, &topic).await;
    output.confirm((0..20).map(|n| numbered(n, 20))).await;
    let mut spec = consumer(&topic, &unique("group"));
    // A member that has not left is missed only after that.
    with_native(&mut spec, "session.timeout.ms", Duration::from_secs(40));
    let mut held = Vec::new();
    for closes in [true, false, true] {
        let (input, deliveries) = all_of_it(&binder, &spec).await;
        held.push((input.acker.clone(), deliveries));
        match closes {
            true => input.close().await,
            false => drop(input),
        }
    }
    for (acker, deliveries) in held {
        let late: Vec<_> = deliveries.iter().map(|held| (held.tag, Settlement::Ack)).collect();
        acker.settle(&late);
    }
    let (input, _) = all_of_it(&binder, &spec).await;
    input.close().await;
}

/// An input that is soon assigned all that there is.
async fn all_of_it(binder: &KafkaBinder, spec: &ConsumerSpec) -> (Input, Vec<Delivery>) {
    let began = Instant::now();
    let mut input = Input::assigned(binder, spec).await;
    let deliveries = input.take(20).await;
    assert!(began.elapsed() < Duration::from_secs(20), "the member before is still in the group");
    (input, deliveries)
}
