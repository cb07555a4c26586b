//! The cases on librdkafka's mock cluster, in this process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![allow(clippy::disallowed_methods, reason = "nobody counts the tasks of a test")]

#[path = "support/cases.rs"]
mod cases;
mod support;
#[path = "support/weaknesses.rs"]
mod weaknesses;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use binder_core::{Binder, ErrorKind, Incoming, Start};
use binder_kafka::{KafkaBinder, KafkaSettings};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use support::{Broker, Input, Output, consumer, number, numbered, producer};

macro_rules! on_the_mock {
    ($($cases:ident::$case:ident $(($($argument:expr),+))?),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $cases::$case(&Broker::mock() $(, $($argument),+)?).await;
        }
    )+};
}

on_the_mock! {
    cases::a_message_comes_back_as_it_went,
    cases::messages_of_a_key_keep_their_order,
    cases::s15_11_only_the_settled_prefix_is_committed,
    cases::what_is_uncommitted_is_bounded,
    cases::a_released_message_comes_again,
    cases::the_latest_is_pinned_when_assigned,
    cases::k07_what_has_started_finishes_before_a_partition_moves,
    cases::members_come_and_go_and_nothing_is_lost("range"),
    cases::an_empty_assignment_is_one,
    cases::many_messages_flow_from_topic_to_topic(100_000),
    cases::a_message_too_large_is_refused_and_the_next_is_sent,
    cases::more_partitions_than_exist_are_an_error,
    cases::k01_what_was_dropped_without_a_close_comes_again,
    weaknesses::k08_a_slow_function_keeps_the_membership,
    weaknesses::k10_what_was_handled_is_committed_while_nothing_comes,
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

/// With a broker that takes its time for each answer, a member that joins asks it one question
/// after the other; the one thread of the runtime never waits for an answer.
#[tokio::test]
async fn k06_a_rebalance_blocks_no_thread_of_the_application() {
    const ANSWER: Duration = Duration::from_millis(500);
    const TICK: Duration = Duration::from_millis(10);
    let broker = Broker::mock();
    let topic = broker.topic(2).await;
    let binder = broker.binder();
    let mut latest = consumer(&topic, "g");
    // The start is asked for in the rebalance.
    latest.start = Start::Latest;
    let first = Input::assigned(&binder, &latest).await;
    let second = Input::bind(&binder, &latest).await;
    broker.mock.as_ref().unwrap().broker_round_trip_time(1, ANSWER).unwrap();
    let ticking = async {
        let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
        loop {
            // A timer of the application's.
            tokio::time::sleep(TICK).await;
            longest = longest.max(last.elapsed());
            last = Instant::now();
            assert!(longest < ANSWER / 2, "a thread was blocked for {longest:?}");
        }
    };
    let joining = async {
        let (began, mut none) = (Instant::now(), (Vec::new(), Vec::new()));
        let (mut first, mut second) = (first, second);
        let revoked = first.next(1, &mut none.0);
        let assigned = second.next(1, &mut none.1);
        let (revoked, assigned) = tokio::join!(revoked, assigned);
        assert!(matches!(revoked, Incoming::Revoked(_)) && assigned == Incoming::Assigned);
        assert!(began.elapsed() > 2 * ANSWER, "the broker was asked nothing");
        second.close().await;
        first.close().await;
    };
    tokio::select! {
        () = joining => {}
        () = ticking => unreachable!("it ticks for ever"),
    }
}

/// Many requests are refused while others are on their way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k09_what_the_producer_repeats_keeps_its_order_and_comes_once() {
    const COUNT: u64 = 5_000;
    let broker = Broker::mock();
    let mut settings = broker.settings();
    // Fifty requests at least.
    settings.native.insert("batch.num.messages".to_owned(), "100".to_owned());
    let (binder, topic) = (KafkaBinder::new(settings).unwrap(), broker.topic(1).await);
    let mut output = Output::bind(&binder, &topic).await;
    let mock = broker.mock.as_ref().unwrap();
    // Several requests are on their way at once.
    mock.broker_round_trip_time(1, Duration::from_millis(20)).unwrap();
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    let accepted = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
    let trouble: Vec<_> = [accepted, refused, accepted, refused, refused].repeat(8);
    mock.request_errors(RDKafkaApiKey::Produce, &trouble);
    output.confirm((0..COUNT).map(|n| numbered(n, 1))).await;
    mock.broker_round_trip_time(1, Duration::ZERO).unwrap();
    let mut input = Input::assigned(&binder, &consumer(&topic, "g")).await;
    let came: Vec<_> =
        input.take(usize::try_from(COUNT).unwrap()).await.iter().map(number).collect();
    assert!(came.iter().copied().eq(0..COUNT), "not in order, or not once");
    assert!(input.is_quiet(Duration::from_millis(300)).await);
    input.close().await;
}
