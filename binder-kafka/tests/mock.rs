//! The cases on librdkafka's mock cluster, in this process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![allow(clippy::disallowed_methods, reason = "nobody counts the tasks of a test")]

#[path = "support/cases.rs"]
mod cases;
mod support;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use binder_core::{Binder, ErrorKind, Start};
use binder_kafka::{KafkaBinder, KafkaSettings};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use support::{Broker, Input, Output, consumer, number, numbered, producer};

macro_rules! on_the_mock {
    ($($case:ident $(($($argument:expr),+))?),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            cases::$case(&Broker::mock() $(, $($argument),+)?).await;
        }
    )+};
}

on_the_mock! {
    a_message_comes_back_as_it_went,
    messages_of_a_key_keep_their_order,
    s15_11_only_the_settled_prefix_is_committed,
    what_is_uncommitted_is_bounded,
    a_released_message_comes_again,
    the_latest_is_pinned_when_assigned,
    k07_what_has_started_finishes_before_a_partition_moves,
    members_come_and_go_and_nothing_is_lost("range"),
    an_empty_assignment_is_one,
    many_messages_flow_from_topic_to_topic(100_000),
    a_message_too_large_is_refused_and_the_next_is_sent,
    more_partitions_than_exist_are_an_error,
    k01_what_was_dropped_without_a_close_comes_again,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_while_the_start_is_pinned_ends_nothing() {
    let broker = Broker::mock();
    let (binder, topic) = (broker.binder(), broker.topic(1).await);
    let mut latest = consumer(&topic, "late");
    latest.start = Start::Latest;
    // More than the client itself repeats.
    let trouble = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN; 3];
    broker.mock.as_ref().unwrap().request_errors(RDKafkaApiKey::ListOffsets, &trouble);
    let mut input = Input::assigned(&binder, &latest).await;
    Output::bind(&binder, &topic).await.confirm([numbered(7, 1)]).await;
    assert_eq!(number(&input.take(1).await[0]), 7);
    input.close().await;
}

/// Binds both ways with a second's patience, and gives the errors.
async fn refused(server: &str) {
    let settings = KafkaSettings {
        name: "shop-kafka".into(),
        servers: vec![server.to_owned()],
        ..KafkaSettings::default()
    };
    let binder = KafkaBinder::new(settings).unwrap();
    let (mut input, mut output) = (consumer("orders", "billing"), producer("orders"));
    input.connect = Duration::from_secs(1);
    output.connect = Duration::from_secs(1);
    let began = Instant::now();
    let errors = [
        binder.bind_consumer(&input).await.expect_err("unreachable"),
        binder.bind_producer(&output).await.err().expect("unreachable"),
    ];
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Connect);
        let text = error.to_string();
        assert!(text.contains("binder `shop-kafka`") && text.contains(server), "{text}");
        println!("{text}");
    }
}

#[tokio::test]
async fn a_closed_port_is_an_error_in_time() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    refused(&port.to_string()).await;
}

#[tokio::test]
async fn a_broker_that_never_answers_is_an_error_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    refused(&listener.local_addr().unwrap().to_string()).await;
}

#[tokio::test]
async fn a_drain_longer_than_half_a_session_is_refused() {
    let broker = Broker::mock();
    let mut spec = consumer(&broker.topic(1).await, "g");
    spec.drain = Duration::from_secs(3);
    let error = broker.binder().bind_consumer(&spec).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("session.timeout.ms"), "{error}");
}
