//! Back-pressure, receipts, and messages that nobody reads.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::task::{Context, Waker};

use binder_core::{
    Binder, Completed, Completion, DeadLetterSpec, Destination, ErrorKind, Group, Message,
    Outgoing, Receipt, Topology, Unrouted,
};
use binder_memory::MemoryBinder;
use bytes::Bytes;
use common::{Writer, backlog, input, output, read, with_partitions, write};
use futures::FutureExt;

fn with_reader(broker: &MemoryBinder, partitions: u32) -> Writer {
    let mut spec = with_partitions(output("orders"), partitions);
    spec.required_groups = vec![Group::new("g").unwrap()];
    write(broker, &spec)
}

#[test]
fn a_receipt_names_partition_and_offset_and_a_batch_is_one_report() {
    let broker = MemoryBinder::new();
    let mut writer = with_reader(&broker, 2);
    writer.send_all(["1", "2", "3"]);
    let reports = writer.reports();
    assert_eq!(reports.len(), 1);
    let tokens: Vec<u64> = reports[0].iter().map(|(token, _)| *token).collect();
    assert_eq!(tokens, [0, 1, 2]);
    writer.send_all(["4"]);
    let at = |partition, offset| Receipt { partition: Some(partition), offset: Some(offset) };
    assert_eq!(writer.receipts(), [at(1, 1)]);
    let mut reader = read(&broker, &input("orders", Some("g")));
    let got = reader.take();
    let fourth = got.iter().find(|d| d.message.payload.as_deref() == Some(b"4")).unwrap();
    assert_eq!((fourth.tag.partition, fourth.tag.sequence), (1, 1));
}

#[test]
fn m01_a_full_partition_makes_publishing_wait_and_wakes_it() {
    let broker = MemoryBinder::new();
    let mut writer = with_reader(&broker, 1);
    let mut reader = read(&broker, &input("orders", Some("g")));
    (0..10_005).for_each(|n| writer.queue(Message::new(n.to_string())));
    assert!(!writer.publish());
    assert_eq!((writer.outbox.len(), writer.receipts().len()), (5, 10_000));
    assert!(!writer.publish(), "asked again, it still waits");
    let mut other = write(&broker, &output("orders"));
    other.queue(Message::new("other"));
    assert!(!other.publish());

    let got = reader.take();
    assert_eq!(got.len(), 10_000);
    reader.ack(&got[1..]);
    assert_eq!(writer.alarm.count(), 0, "the oldest is unsettled, so there is no room");
    reader.ack(&got[..1]);
    assert_eq!((writer.alarm.count(), other.alarm.count()), (1, 1), "everyone who waits");
    assert!(writer.publish() && other.publish());
    assert_eq!(writer.receipts().len(), 5);
    let rest = reader.take_texts();
    assert_eq!(rest, ["10000", "10001", "10002", "10003", "10004", "other"]);
}

#[test]
fn bytes_fill_a_partition_too() {
    let broker = MemoryBinder::new();
    let mut writer = with_reader(&broker, 1);
    let large = Bytes::from(vec![0; 48 << 20]);
    writer.send(Message::new(large.clone()));
    writer.queue(Message::new(large.clone()));
    assert!(!writer.publish());
    let mut reader = read(&broker, &input("orders", Some("g")));
    let got = reader.take();
    reader.ack(&got);
    assert!(writer.publish());
    assert_eq!(reader.take().len(), 1);
    // Without a durable group the old one makes way instead.
    let mut unread = write(&broker, &with_partitions(output("unread"), 1));
    unread.send(Message::new(large.clone()));
    unread.send(Message::new(large));
    assert_eq!(read(&broker, &input("unread", Some("late"))).take().len(), 1);
}

#[test]
fn a_private_copy_makes_publishing_wait_only_until_it_has_settled() {
    let broker = MemoryBinder::new();
    let mut writer = write(&broker, &with_partitions(output("orders"), 1));
    let mut reader = read(&broker, &input("orders", None));
    let large = Bytes::from(vec![0; 48 << 20]);
    writer.send(Message::new(large.clone()));
    writer.queue(Message::new(large));
    assert!(!writer.publish());
    assert_eq!(writer.alarm.count(), 0, "a waiting publisher does not wake itself");
    let got = reader.take();
    reader.ack(&got);
    assert_eq!(writer.alarm.count(), 1);
    assert!(writer.publish());
    assert_eq!(reader.take().len(), 1);
}

#[test]
fn a_message_that_never_fits_is_taken_and_refused() {
    let broker = MemoryBinder::new();
    let mut writer = with_reader(&broker, 1);
    writer.queue(Message::new(vec![0; (64 << 20) + 1]));
    writer.queue(Message::new("next"));
    assert!(writer.publish());
    let reports: Vec<_> = writer.reports().into_iter().flatten().collect();
    let (_, Completed::Refused(error)) = &reports[0] else { panic!("{reports:?}") };
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::TooLarge, false));
    assert!(matches!(reports[1].1, Completed::Confirmed(_)));
}

#[test]
fn a_full_partition_does_not_stop_messages_without_a_key() {
    let broker = MemoryBinder::new();
    let mut writer = with_reader(&broker, 2);
    (0..10_000).for_each(|_| writer.queue(Message::new("x").with_key("k")));
    assert!(writer.publish());
    (0..10_000).for_each(|_| writer.queue(Message::new("y")));
    assert!(writer.publish());
    writer.queue(Message::new("z"));
    assert!(!writer.publish());
}

#[test]
fn unrouted_fails_where_it_is_told_to() {
    let broker = MemoryBinder::new();
    let mut spec = output("orders");
    spec.unrouted = Unrouted::Fail;
    let mut writer = write(&broker, &spec);
    writer.send_all(["1"]);
    let reports: Vec<_> = writer.reports().into_iter().flatten().collect();
    let [(0, Completed::Refused(error))] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unroutable, false));
    let text = error.to_string();
    assert!(text.contains("binding `out`, destination `orders`"), "{text}");
    // Anyone who reads is enough, be it a private copy.
    let mut private = read(&broker, &input("orders", None));
    writer.send_all(["2"]);
    assert_eq!((writer.receipts().len(), private.take_texts()), (1, vec!["2".to_owned()]));
    private.close();
    writer.send_all(["3"]);
    assert!(matches!(writer.reports()[0][..], [(2, Completed::Refused(_))]));
    let orders = Destination::new("orders").unwrap();
    assert_eq!(broker.unrouted(&orders), Some(0), "refused is not dropped");
}

#[test]
fn unrouted_is_confirmed_and_counted_where_it_may_drop() {
    let broker = MemoryBinder::new();
    let mut writer = write(&broker, &output("orders"));
    writer.send_all(["1", "2"]);
    assert_eq!(writer.receipts().len(), 2);
    let orders = Destination::new("orders").unwrap();
    assert_eq!(broker.unrouted(&orders), Some(2));
    let mut reader = read(&broker, &input("orders", Some("g")));
    writer.send_all(["3"]);
    assert_eq!((broker.unrouted(&orders), reader.take().len()), (Some(2), 3));
}

#[test]
fn dead_letters_are_stored_until_somebody_reads_them() {
    let broker = MemoryBinder::new();
    let store = DeadLetterSpec {
        destination: Destination::new("orders.dlq").unwrap(),
        partition_count: std::num::NonZeroU32::new(1),
        grow: false,
        connect: std::time::Duration::from_secs(1),
    };
    let topology = Topology { dead_letters: vec![store], ..Topology::default() };
    broker.provision(&topology).now_or_never().unwrap().unwrap();
    let mut spec = output("orders.dlq");
    spec.unrouted = Unrouted::Fail;
    let mut writer = write(&broker, &spec);
    (0..10_001).for_each(|n| writer.queue(Message::new(n.to_string())));
    assert!(!writer.publish(), "a full store makes publishing wait");
    assert_eq!(backlog(&broker, "orders.dlq", "dlq"), Some(10_000));
    // A reader with a group of its own leaves the store alone.
    let mut other = read(&broker, &input("orders.dlq", Some("other")));
    let got = other.take();
    other.ack(&got);
    assert_eq!(backlog(&broker, "orders.dlq", "dlq"), Some(10_000));
    assert!(!writer.publish());
    let mut store = read(&broker, &input("orders.dlq", Some("dlq")));
    let got = store.take();
    assert_eq!(got.len(), 10_000);
    store.ack(&got);
    assert_eq!(writer.alarm.count(), 1);
    assert!(writer.publish());
    assert_eq!(store.take_texts(), ["10000"]);
}

#[test]
fn a_flush_is_done_at_once_and_a_receiver_may_publish_from_its_report() {
    struct Again(std::sync::Mutex<Option<Writer>>);
    impl binder_core::Completions for Again {
        fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
            batch.clear();
            if let Some(mut writer) = self.0.lock().unwrap().take() {
                writer.send_all(["from the report"]);
            }
        }
    }
    let broker = MemoryBinder::new();
    let mut writer = with_reader(&broker, 1);
    let again = std::sync::Arc::new(Again(std::sync::Mutex::new(Some(with_reader(&broker, 1)))));
    let completion = Completion::new(0, again);
    writer.outbox.push_back(Outgoing { message: Message::new("first"), completion });
    assert!(writer.publish());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(writer.publisher.poll_flush(&mut cx).is_ready());
    assert_eq!(backlog(&broker, "orders", "g"), Some(2));
}
