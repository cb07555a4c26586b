//! Who gets which messages, intact and in which order.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::collections::HashMap;

use binder_core::{Message, Start, Unrouted};
use binder_memory::MemoryBinder;
use bytes::Bytes;
use common::{backlog, input, output, read, texts, with_partitions, write};

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

#[test]
fn messages_arrive_as_they_were_sent() {
    let broker = MemoryBinder::new();
    let mut reader = read(&broker, &input("orders", Some("g")));
    let mut writer = write(&broker, &with_partitions(output("orders"), 1));
    let mut full = Message::new(vec![0, 159, 146, 150]).with_key("k").with_header("n", "1");
    full.headers.push("n", None);
    full.headers.push("N", Some(Bytes::from_static(&[0xff])));
    full.id = Some("id".into());
    full.content_type = Some("text/plain".into());
    full.timestamp = Some(-1);
    let tombstone = Message { key: Some("k".into()), ..Message::default() };
    let empty = Message::new("").with_key("k");
    for message in [&full, &tombstone, &empty] {
        writer.send(message.clone());
    }
    let got = reader.take();
    let messages: Vec<&Message> = got.iter().map(|delivery| &delivery.message).collect();
    assert_eq!(messages, [&full, &tombstone, &empty]);
    assert!(got.iter().all(|delivery| delivery.earlier_attempts == 0));
}

#[test]
fn destinations_do_not_leak_into_each_other() {
    let broker = MemoryBinder::new();
    let mut one = read(&broker, &input("one", Some("g")));
    let mut two = read(&broker, &input("two", Some("g")));
    write(&broker, &output("one")).send_all(["1"]);
    write(&broker, &output("two")).send_all(["2"]);
    assert_eq!((one.take_texts(), two.take_texts()), (vec!["1".into()], vec!["2".into()]));
    // Another broker shares nothing, a clone everything.
    let (clone, stranger) = (broker.clone(), MemoryBinder::new());
    drop(broker);
    assert_eq!(backlog(&clone, "one", "g"), Some(1));
    assert_eq!(backlog(&stranger, "one", "g"), None);
}

#[test]
fn m02_groups_share_and_copy() {
    let broker = MemoryBinder::new();
    let mut writer = write(&broker, &with_partitions(output("orders"), 4));
    let mut one = read(&broker, &input("orders", Some("shared")));
    let mut two = read(&broker, &input("orders", Some("shared")));
    let revoked = one.poll(common::WIDE).0;
    assert!(matches!(revoked, Some(binder_core::Incoming::Revoked(_))), "{revoked:?}");
    let mut whole = read(&broker, &input("orders", Some("whole")));
    let all: Vec<String> = (0..40).map(|n| format!("{n:02}")).collect();
    writer.send_all(all.iter().map(String::as_str));
    let (first, second) = (one.take_texts(), two.take_texts());
    assert_eq!((first.len(), second.len()), (20, 20), "keyless messages spread evenly");
    assert_eq!(sorted([first, second].concat()), all);
    assert_eq!(sorted(whole.take_texts()), all);
}

#[test]
fn s15_01_a_private_copy_has_only_what_came_while_it_was_bound() {
    let broker = MemoryBinder::new();
    let mut named = read(&broker, &input("orders", Some("g")));
    let mut writer = write(&broker, &output("orders"));
    writer.send_all(["before"]);
    let mut one = read(&broker, &input("orders", None));
    let mut two = read(&broker, &input("orders", None));
    writer.send_all(["during"]);
    assert_eq!(one.take_texts(), ["during"]);
    one.close();
    writer.send_all(["after"]);
    let mut again = read(&broker, &input("orders", None));
    assert!(again.take().is_empty(), "the gap is lost, and unsettled messages with it");
    assert_eq!(sorted(two.take_texts()), ["after", "during"]);
    assert_eq!(named.take().len(), 3);
}

#[test]
fn a_private_copy_that_ended_holds_nothing_back() {
    let broker = MemoryBinder::new();
    let mut writer = write(&broker, &with_partitions(output("orders"), 1));
    let mut named = read(&broker, &input("orders", Some("g")));
    let mut private = read(&broker, &input("orders", None));
    (0..10_001).for_each(|_| writer.queue(Message::new("x")));
    assert!(!writer.publish());
    let got = named.take();
    named.ack(&got);
    assert!(!writer.publish(), "the private copy has settled nothing");
    private.close();
    assert_eq!(writer.alarm.count(), 1, "its end makes room");
    assert!(writer.publish());
}

#[test]
fn required_groups_get_what_came_before_their_first_member() {
    for groups in [&["ledger"][..], &["ledger", "audit"]] {
        let broker = MemoryBinder::new();
        let mut spec = output("invoices");
        spec.required_groups =
            groups.iter().map(|group| binder_core::Group::new(group).unwrap()).collect();
        spec.unrouted = Unrouted::Fail;
        let mut writer = write(&broker, &spec);
        let all: Vec<String> = (0..2_000).map(|n| format!("{n:04}")).collect();
        writer.send_all(all.iter().map(String::as_str));
        assert_eq!(writer.receipts().len(), 2_000);
        for group in groups {
            assert_eq!(backlog(&broker, "invoices", group), Some(2_000));
            let mut spec = input("invoices", Some(group));
            spec.start = Start::Latest; // the group exists: where it starts was settled then
            assert_eq!(sorted(read(&broker, &spec).take_texts()), all, "{group}");
        }
    }
}

#[test]
fn a_new_group_starts_where_it_says() {
    let broker = MemoryBinder::new();
    let mut writer = write(&broker, &output("orders"));
    writer.send_all(["old"]);
    let mut latest = input("orders", Some("latest"));
    latest.start = Start::Latest;
    let mut earliest = read(&broker, &input("orders", Some("earliest")));
    let mut latest = read(&broker, &latest);
    writer.send_all(["new"]);
    assert_eq!(sorted(earliest.take_texts()), ["new", "old"]);
    assert_eq!(latest.take_texts(), ["new"]);
}

#[test]
fn the_start_is_pinned_when_bound_not_when_polled() {
    let broker = MemoryBinder::new();
    let mut spec = input("orders", Some("g"));
    spec.start = Start::Latest;
    let mut reader = common::bind(&broker, &spec).unwrap();
    write(&broker, &output("orders")).send_all(["after binding"]);
    assert_eq!(reader.poll(common::WIDE).0, Some(binder_core::Incoming::Assigned));
    assert_eq!(reader.take_texts(), ["after binding"]);
}

#[test]
fn without_a_group_the_last_thousand_of_a_partition_are_kept() {
    let broker = MemoryBinder::new();
    let mut writer = write(&broker, &with_partitions(output("orders"), 1));
    let all: Vec<String> = (0..2_500).map(|n| n.to_string()).collect();
    writer.send_all(all.iter().map(String::as_str));
    // Somebody private who reads and settles takes nothing from those who come later.
    let mut private = read(&broker, &input("orders", None));
    writer.send_all(["2500"]);
    let got = private.take();
    private.ack(&got);
    let mut late = read(&broker, &input("orders", Some("late")));
    let got = late.take_texts();
    assert_eq!((got.len(), got[0].as_str(), got[999].as_str()), (1_000, "1501", "2500"));
}

#[test]
fn what_every_group_has_settled_is_gone() {
    let broker = MemoryBinder::new();
    let mut reader = read(&broker, &input("orders", Some("g")));
    write(&broker, &output("orders")).send_all(["1", "2"]);
    let got = reader.take();
    reader.ack(&got[..1]);
    let mut late = read(&broker, &input("orders", Some("late")));
    assert_eq!(late.take_texts(), texts(&got[1..]));
}

#[test]
fn a_key_has_one_partition_and_keeps_its_order() {
    let broker = MemoryBinder::new();
    let mut reader = read(&broker, &input("orders", Some("g")));
    let mut writer = write(&broker, &output("orders"));
    for n in 0..1_000 {
        for key in 0..16 {
            writer.queue(Message::new(n.to_string()).with_key(format!("key-{key}")));
        }
    }
    assert!(writer.publish());
    let mut seen: HashMap<Bytes, (u32, usize)> = HashMap::new();
    let got = reader.take();
    assert_eq!(got.len(), 16_000);
    for (delivery, text) in got.iter().zip(texts(&got)) {
        let key = delivery.message.key.clone().unwrap();
        let (partition, next) = seen.entry(key).or_insert((delivery.tag.partition, 0));
        assert_eq!((*partition, next.to_string()), (delivery.tag.partition, text));
        *next += 1;
    }
    let mut used: Vec<u32> = seen.values().map(|(partition, _)| *partition).collect();
    used.sort_unstable();
    used.dedup();
    assert!(used.len() > 3, "16 keys spread over the partitions: {used:?}");
}

#[test]
fn s15_07_keys_go_where_a_java_client_puts_them() {
    // `Utils.toPositive(Utils.murmur2(key)) % 8` of org.apache.kafka:kafka-clients; the hashes
    // are those of its own test (UtilsTest.testMurmur2).
    let known = [
        ("21", -973_932_308_i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
    ];
    let broker = MemoryBinder::new();
    let mut writer = write(&broker, &output("orders"));
    for (key, hash) in known {
        writer.send(Message::new("x").with_key(key));
        let expected = (hash & i32::MAX) as u32 % 8;
        assert_eq!(writer.receipts()[0].partition, Some(expected), "{key}");
    }
}
