//! The same cases on a real Apache Kafka, and those that the mock cannot serve.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![allow(clippy::disallowed_methods, reason = "nobody counts the tasks of a test")]

#[path = "support/cases.rs"]
mod cases;
mod support;

use std::num::NonZeroU32;

use binder_core::{Binder, Topology};

use support::{Broker, consumer, producer, unique};

macro_rules! on_the_broker {
    ($($name:ident = $case:ident $(($($argument:expr),+))?),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs a real broker: cargo xtask test runs it"]
        async fn $name() {
            cases::$case(&Broker::real() $(, $($argument),+)?).await;
        }
    )+};
}

on_the_broker! {
    message = a_message_comes_back_as_it_went,
    order = messages_of_a_key_keep_their_order,
    prefix = s15_11_only_the_settled_prefix_is_committed,
    bounded = what_is_uncommitted_is_bounded,
    released = a_released_message_comes_again,
    latest = the_latest_is_pinned_when_assigned,
    drained = k07_what_has_started_finishes_before_a_partition_moves,
    eager = members_come_and_go_and_nothing_is_lost("range"),
    cooperative = members_come_and_go_and_nothing_is_lost("cooperative-sticky"),
    empty = an_empty_assignment_is_one,
    many = many_messages_flow_from_topic_to_topic(100_000),
    too_large = a_message_too_large_is_refused_and_the_next_is_sent,
    too_few = more_partitions_than_exist_are_an_error,
    dropped = k01_what_was_dropped_without_a_close_comes_again,
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
            destination: binder_core::Destination::new(&dead).unwrap(),
            partition_count: NonZeroU32::new(3),
            grow: false,
            connect: std::time::Duration::from_secs(10),
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
