//! The unsafe module against librdkafka's mock cluster.

use std::sync::Arc;
use std::time::{Duration, Instant};

use binder_core::Message;
use rdkafka::consumer::Consumer as _;
use rdkafka::producer::Producer as _;

use super::*;
use crate::bell::Bell;
use crate::error::Code;
use crate::log::ClientLog;

const PATIENCE: Duration = Duration::from_secs(30);

type Mock = rdkafka::mocking::MockCluster<'static, rdkafka::producer::DefaultProducerContext>;
type Consumer = rdkafka::consumer::BaseConsumer<ClientLog>;

fn mock(topic: &str, partitions: i32) -> Mock {
    let mock = Mock::new(1).unwrap();
    mock.create_topic(topic, partitions, 1).unwrap();
    mock
}

fn config(mock: &Mock) -> rdkafka::ClientConfig {
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", mock.bootstrap_servers());
    config
}

/// Publishes and waits for as many reports.
fn publish(mock: &Mock, topic: &str, messages: &[Message]) -> Vec<Report> {
    let producer: Arc<rdkafka::producer::BaseProducer<ClientLog>> =
        Arc::new(config(mock).create_with_context(ClientLog::default()).unwrap());
    let mut events = Events::new(producer.clone()).unwrap();
    let topic = Topic::new(producer, topic).unwrap();
    let batch: Vec<_> = messages.iter().cloned().zip(0..).collect();
    assert_eq!(topic.produce(&batch).taken, messages.len());
    let (mut reports, until) = (Vec::new(), Instant::now() + PATIENCE);
    while reports.len() < messages.len() && Instant::now() < until {
        events.poll(Duration::from_millis(100), &mut reports);
    }
    reports
}

/// A consumer that reads every partition from the start into a data queue.
fn read(
    mock: &Mock,
    topic: &str,
    partitions: u32,
) -> (Arc<Consumer>, DataQueue<ClientLog>, Arc<Bell>) {
    let mut config = config(mock);
    config.set("group.id", "g").set("auto.offset.reset", "earliest");
    let consumer: Arc<Consumer> =
        Arc::new(config.create_with_context(ClientLog::default()).unwrap());
    let bell = Arc::new(Bell::default());
    let queue = DataQueue::new(consumer.clone(), bell.clone()).unwrap();
    let mut list = rdkafka::TopicPartitionList::new();
    for partition in 0..partitions {
        assert!(queue.forward(topic, partition));
        let partition = i32::try_from(partition).unwrap();
        list.add_partition_offset(topic, partition, rdkafka::Offset::Beginning).unwrap();
    }
    consumer.assign(&list).unwrap();
    (consumer, queue, bell)
}

fn pull(queue: &mut DataQueue<ClientLog>, bell: &Bell, count: usize) -> usize {
    let (mut got, until) = (0, Instant::now() + PATIENCE);
    while got < count && Instant::now() < until {
        got += queue.pull(count - got);
        if got < count {
            bell.wait(Duration::from_millis(100));
        }
    }
    got
}

#[test]
fn every_report_has_its_token_and_a_position() {
    let mock = mock("t", 1);
    let messages: Vec<_> = (0..100).map(|n| Message::new(format!("{n}"))).collect();
    let reports = publish(&mock, "t", &messages);
    let tokens: Vec<_> = reports.iter().map(|report| report.token).collect();
    assert_eq!(tokens, (0..100).collect::<Vec<_>>());
    for (offset, report) in (0..).zip(&reports) {
        assert_eq!((report.error, report.persisted), (None, Persisted::Yes));
        assert_eq!((report.partition, report.offset), (0, offset));
    }
}

#[test]
fn records_of_all_partitions_come_in_batches_as_they_were_sent() {
    let mock = mock("t", 4);
    let mut sent = Message::new("payload").with_key("key").with_header("h", "1");
    sent.headers.push("h", None);
    sent.timestamp = Some(1234);
    publish(&mock, "t", &vec![sent; 50]);
    let (consumer, mut queue, bell) = read(&mock, "t", 4);
    assert_eq!(pull(&mut queue, &bell, 50), 50);
    let record = queue.front().unwrap();
    assert_eq!(record.payload(), Some(b"payload".as_ref()));
    assert_eq!((record.key(), record.timestamp()), (Some(b"key".as_ref()), Some(1234)));
    let headers: Vec<_> = record.headers().iter().collect();
    let expected: [(&[u8], Option<&[u8]>); 2] = [(b"h", Some(b"1")), (b"h", None)];
    assert_eq!(headers, expected);
    assert_eq!(record.size(&record.headers()), 7 + 3 + 2 + 1);
    assert!(record.error().is_none());
    queue.retain(|record| record.offset().is_some_and(|offset| offset % 2 == 0));
    let mut left = 0;
    while let Some(record) = queue.front() {
        assert_eq!(record.offset().unwrap() % 2, 0);
        left += 1;
        queue.pop();
    }
    assert_eq!(left, 25, "one key, so one partition with 50 records");
    assert!(consumer.poll(Duration::ZERO).is_none(), "nothing comes on the consumer's own queue");
}

#[test]
fn k11_null_and_empty_differ_in_messages_with_and_without_headers() {
    let mock = mock("t", 1);
    let bare = [
        Message { payload: None, ..Message::default() }.with_key("k"),
        Message::new("").with_key(""),
        Message::new("x"),
    ];
    publish(&mock, "t", &bare);
    publish(&mock, "t", &bare.clone().map(|message| message.with_header("h", "1")));
    let (_consumer, mut queue, bell) = read(&mock, "t", 1);
    assert_eq!(pull(&mut queue, &bell, 6), 6);
    for message in bare.iter().chain(&bare) {
        let record = queue.front().unwrap();
        assert_eq!(record.payload(), message.payload.as_deref());
        assert_eq!(record.key(), message.key.as_deref());
        queue.pop();
    }
}

#[test]
fn nothing_overtakes_what_a_full_queue_has_no_room_for() {
    let config = [("bootstrap.servers", "127.0.0.1:1"), ("queue.buffering.max.messages", "3")];
    let config: rdkafka::ClientConfig =
        config.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let producer = Arc::new(config.create_with_context(ClientLog::default()).unwrap());
    let topic = Topic::<ClientLog>::new(producer, "t").unwrap();
    let plain: Vec<_> = (0..5).map(|token| (Message::new("x"), token)).collect();
    let queued = topic.produce(&plain);
    assert_eq!((queued.taken, queued.refused), (3, Vec::new()));
    let headed = Message::new("x").with_header("h", "1");
    let queued = topic.produce(&[(headed.clone(), 5), (headed, 6)]);
    assert_eq!((queued.taken, queued.refused), (0, Vec::new()));
}

#[test]
fn a_client_that_has_failed_takes_nothing_with_headers_or_without() {
    let mock = mock("t", 1);
    let mut config = config(&mock);
    config.set("enable.idempotence", "true");
    let producer: Arc<rdkafka::producer::BaseProducer<ClientLog>> =
        Arc::new(config.create_with_context(ClientLog::default()).unwrap());
    let topic = Topic::new(producer.clone(), "t").unwrap();
    fail(&producer);
    for message in [Message::new("x"), Message::new("x").with_header("h", "1")] {
        let queued = topic.produce(&[(message.clone(), 0), (message, 1)]);
        assert_eq!((queued.taken, queued.refused), (0, Vec::new()));
    }
}

#[test]
fn a_consumer_is_closed_although_records_were_left_in_the_queue() {
    let mock = mock("t", 2);
    publish(&mock, "t", &vec![Message::new("x"); 100]);
    let (consumer, mut queue, bell) = read(&mock, "t", 2);
    assert_eq!(pull(&mut queue, &bell, 10), 10);
    drop(queue);
    // Waits for ever where somebody still points into the client.
    drop(consumer);
}

#[test]
fn a_commit_that_is_waited_for_is_at_the_broker_and_one_that_is_not_reports_an_event() {
    let mock = mock("t", 2);
    let (consumer, queue, _) = read(&mock, "t", 2);
    let mut list = rdkafka::TopicPartitionList::new();
    list.add_partition_offset("t", 1, rdkafka::Offset::Offset(7)).unwrap();
    commit_within(&consumer, &list, PATIENCE).unwrap();
    let known = consumer.committed_offsets(list.clone(), PATIENCE).unwrap();
    assert_eq!(known.find_partition("t", 1).unwrap().offset(), rdkafka::Offset::Offset(7));
    let before = waiting_events(&consumer);
    commit_soon(&consumer, &list).unwrap();
    let until = Instant::now() + PATIENCE;
    while waiting_events(&consumer) == before && Instant::now() < until {
        std::thread::yield_now();
    }
    assert!(waiting_events(&consumer) > before);
    drop(queue);
}

#[test]
fn what_librdkafka_refuses_at_once_is_an_error_with_its_code() {
    let mock = mock("t", 1);
    let producer: Arc<rdkafka::producer::BaseProducer<ClientLog>> =
        Arc::new(config(&mock).create_with_context(ClientLog::default()).unwrap());
    let topic = Topic::new(producer.clone(), "t").unwrap();
    let large = Message::new(vec![0_u8; 2_000_000]).with_header("freed", "too");
    let plain = Message::new(vec![0_u8; 2_000_000]);
    let small = Message::new("x");
    for (refused, small) in [(large, small.clone().with_header("h", "1")), (plain, small)] {
        let queued = topic.produce(&[(refused, 7), (small, 8)]);
        assert_eq!((queued.taken, queued.refused), (2, vec![(7, Code::MessageSizeTooLarge)]));
    }
    assert_eq!(producer.in_flight_count(), 2);
    assert!(Topic::new(producer, "a\0b").is_none());
}
