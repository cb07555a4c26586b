//! What is settled is done with; what is not is delivered again.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::time::Duration;

use binder_core::{Destination, Group, Incoming, Limit, Message, Room, Settlement};
use binder_memory::MemoryBinder;
use common::{WIDE, Writer, backlog, input, output, read, texts, with_partitions, write};

/// A destination with one partition and a group, so that order is total.
fn one_partition(broker: &MemoryBinder) -> Writer {
    let mut spec = with_partitions(output("orders"), 1);
    spec.required_groups = vec![Group::new("g").unwrap()];
    write(broker, &spec)
}

#[test]
fn what_is_unsettled_comes_again_after_a_close_and_after_a_drop() {
    for close in [true, false] {
        let broker = MemoryBinder::new();
        one_partition(&broker).send_all(["1", "2", "3", "4"]);
        let mut reader = read(&broker, &input("orders", Some("g")));
        let got = reader.take();
        reader.ack(&got[..2]);
        let late = reader.acker.clone();
        if close {
            reader.close();
        }
        drop(reader);
        let mut reader = read(&broker, &input("orders", Some("g")));
        let again = reader.take();
        assert_eq!(texts(&again), ["3", "4"]);
        assert_ne!(again[0].tag.epoch, got[0].tag.epoch);

        // What the old member says now is too late, and the new one hears nothing of it.
        late.settle(&[(got[2].tag, Settlement::Ack)]);
        late.settle(&[(again[0].tag, Settlement::Ack)]);
        assert_eq!(backlog(&broker, "orders", "g"), Some(2));
        reader.ack(&again);
        assert_eq!(backlog(&broker, "orders", "g"), Some(0));
        let (destination, group) = (Destination::new("orders").unwrap(), Group::new("g").unwrap());
        assert_eq!(broker.late_settlements(&destination, &group), Some(2));
        drop(reader);
        assert!(read(&broker, &input("orders", Some("g"))).take().is_empty());
    }
}

#[test]
fn the_watermark_waits_for_the_first_unsettled() {
    let broker = MemoryBinder::new();
    one_partition(&broker).send_all(["1", "2", "3", "4"]);
    let mut reader = read(&broker, &input("orders", Some("g")));
    let got = reader.take();
    reader.ack(&got[2..]);
    reader.ack(&got[..1]);
    assert_eq!(backlog(&broker, "orders", "g"), Some(3));
    drop(reader);
    let mut reader = read(&broker, &input("orders", Some("g")));
    let got = reader.take();
    assert_eq!(texts(&got), ["2", "3", "4"], "in order, from the first unsettled on");
    let backwards: Vec<_> = got.iter().rev().map(|d| (d.tag, Settlement::Ack)).collect();
    reader.acker.settle(&backwards);
    assert_eq!(backlog(&broker, "orders", "g"), Some(0));
}

#[test]
fn a_released_delivery_is_for_the_next_owner() {
    let broker = MemoryBinder::new();
    one_partition(&broker).send_all(["1", "2", "3"]);
    let mut reader = read(&broker, &input("orders", Some("g")));
    let got = reader.take();
    reader.settle(&got[1..2], Settlement::Release);
    reader.ack(&[]);
    reader.ack(&got[..1]);
    reader.ack(&got[2..]);
    assert!(reader.take().is_empty(), "not again in this epoch");
    reader.ack(&got[1..2]);
    assert_eq!(backlog(&broker, "orders", "g"), Some(2), "released is not settled any more");
    reader.close();
    assert_eq!(read(&broker, &input("orders", Some("g"))).take_texts(), ["2", "3"]);
}

#[test]
fn at_most_max_in_flight_messages_are_unsettled() {
    let broker = MemoryBinder::new();
    let mut writer = one_partition(&broker);
    writer.send_all(["0", "1", "2", "3", "4", "5"]);
    let mut spec = input("orders", Some("g"));
    spec.max_in_flight = Some(Limit { messages: 2, bytes: usize::MAX });
    let mut reader = read(&broker, &spec);
    let first = reader.take();
    assert_eq!(texts(&first), ["0", "1"]);
    writer.send_all(["6"]);
    reader.ack(&first[1..]);
    assert_eq!(reader.alarm.count(), 0, "nothing is committed, so there is nothing to hear");
    assert!(reader.take().is_empty());
    reader.ack(&first[..1]);
    assert_eq!(reader.alarm.count(), 1);
    let second = reader.take();
    assert_eq!(texts(&second), ["2", "3"]);
}

#[test]
fn bytes_count_too_and_a_large_message_is_delivered_alone() {
    let broker = MemoryBinder::new();
    one_partition(&broker).send_all(["1234", "123456789", "12", "34"]);
    let mut spec = input("orders", Some("g"));
    spec.max_in_flight = Some(Limit { messages: 10, bytes: 5 });
    let mut reader = read(&broker, &spec);
    for expected in [&["1234"][..], &["123456789"], &["12", "34"]] {
        let got = reader.take();
        assert_eq!(texts(&got), expected);
        reader.ack(&got);
    }
}

#[test]
fn a_batch_has_at_most_the_room_there_is() {
    let broker = MemoryBinder::new();
    one_partition(&broker).send_all(["1234", "5678", "123456", "7"]);
    let mut reader = read(&broker, &input("orders", Some("g")));
    let mut poll = |messages, bytes| texts(&reader.poll(Room { messages, bytes }).1);
    assert_eq!(poll(1, usize::MAX), ["1234"]);
    assert_eq!(poll(9, 9), ["5678"]);
    assert_eq!(poll(9, 2), ["123456"], "one alone may exceed it");
    assert_eq!(poll(9, 9), ["7"]);
}

#[test]
fn the_default_limit_is_1024_messages() {
    let broker = MemoryBinder::new();
    let mut writer = one_partition(&broker);
    (0..2_000).for_each(|_| writer.queue(Message::new("x")));
    assert!(writer.publish());
    let mut spec = input("orders", Some("g"));
    spec.max_in_flight = None;
    assert_eq!(read(&broker, &spec).take().len(), 1_024);
}

#[test]
fn no_partition_starves_another() {
    let broker = MemoryBinder::new();
    let mut spec = with_partitions(output("orders"), 4);
    spec.required_groups = vec![Group::new("g").unwrap()];
    let mut writer = write(&broker, &spec);
    (0..400).for_each(|_| writer.queue(Message::new("x")));
    assert!(writer.publish());
    let mut spec = input("orders", Some("g"));
    spec.max_in_flight = Some(Limit { messages: 40, bytes: usize::MAX });
    let mut reader = read(&broker, &spec);
    // A stuck reader of one partition at a time would fill its limit from the first.
    let (_, batch) = reader.poll(WIDE);
    let of = |partition| batch.iter().filter(|d| d.tag.partition == partition).count();
    assert_eq!((0..4).map(of).collect::<Vec<_>>(), [10, 10, 10, 10]);
    reader.ack(&batch);
    // One at a time, each partition gets its turn.
    let mut seen = [0; 4];
    for _ in 0..8 {
        let (_, batch) = reader.poll(Room { messages: 1, ..WIDE });
        seen[batch[0].tag.partition as usize] += 1;
        reader.ack(&batch);
    }
    assert_eq!(seen, [2, 2, 2, 2]);
}

#[test]
fn a_waiting_reader_is_woken_by_a_message() {
    let broker = MemoryBinder::new();
    let mut reader = read(&broker, &input("orders", Some("g")));
    assert_eq!(reader.poll(WIDE).0, None);
    let mut writer = write(&broker, &output("orders"));
    writer.send_all(["1", "2", "3"]);
    assert_eq!(reader.alarm.count(), 1, "once a batch");
    assert_eq!(reader.poll(WIDE).0, Some(Incoming::Deliveries));
    writer.send_all(["4"]);
    assert_eq!(reader.alarm.count(), 1, "nobody waits");
}

#[test]
fn a_settlement_that_makes_no_sense_changes_nothing() {
    let broker = MemoryBinder::new();
    one_partition(&broker).send_all(["1", "2"]);
    let mut reader = read(&broker, &input("orders", Some("g")));
    let got = reader.take();
    let tag = got[1].tag;
    let mut nonsense = [tag; 3];
    nonsense[0].partition = 99;
    nonsense[1].epoch += 1;
    nonsense[2].sequence = 99;
    reader.acker.settle(&nonsense.map(|tag| (tag, Settlement::Ack)));
    reader.ack(&got[1..]);
    reader.ack(&got[1..]);
    assert_eq!(backlog(&broker, "orders", "g"), Some(2));
    reader.ack(&got[..1]);
    assert_eq!(backlog(&broker, "orders", "g"), Some(0));
}

#[test]
fn a_closed_subscription_says_so() {
    let broker = MemoryBinder::new();
    let mut spec = input("orders", Some("g"));
    spec.drain = Duration::ZERO;
    let mut reader = read(&broker, &spec);
    reader.close();
    reader.close();
    let waker = std::task::Waker::noop();
    let mut cx = std::task::Context::from_waker(waker);
    let polled = reader.subscription.poll_next(&mut cx, WIDE, &mut Vec::new());
    let std::task::Poll::Ready(Err(error)) = polled else { panic!("{polled:?}") };
    assert_eq!(error.kind(), binder_core::ErrorKind::Closed);
}
