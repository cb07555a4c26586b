//! Members join and leave: each partition has one owner, and changes it between messages.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::time::Duration;

use binder_core::binder::Partition;
use binder_core::{Group, Incoming, Limit, Message, Settlement};
use binder_memory::MemoryBinder;
use common::{Reader, WIDE, Writer, backlog, input, output, read, texts, with_partitions, write};

/// Two partitions, each with some messages: even numbers are in partition 0.
fn two_partitions(broker: &MemoryBinder) -> Writer {
    let mut spec = with_partitions(output("orders"), 2);
    spec.required_groups = vec![Group::new("g").unwrap()];
    write(broker, &spec)
}

fn revoked(reader: &mut Reader) -> Vec<u32> {
    match reader.poll(WIDE).0 {
        Some(Incoming::Revoked(partitions)) => {
            partitions.iter().map(|partition| partition.partition).collect()
        }
        other => panic!("expected a revocation, not {other:?}"),
    }
}

#[test]
fn a_partition_in_progress_goes_over_when_it_has_drained() {
    let broker = MemoryBinder::new();
    let mut writer = two_partitions(&broker);
    writer.send_all(["0", "1", "2", "3"]);
    let mut old = read(&broker, &input("orders", Some("g")));
    let got = old.take();
    assert_eq!(old.poll(WIDE).0, None);

    let mut new = read(&broker, &input("orders", Some("g")));
    assert_eq!(old.alarm.count(), 1, "the owner is told at once");
    let epoch = got.iter().find(|d| d.tag.partition == 1).unwrap().tag.epoch;
    let told = old.poll(WIDE).0;
    assert_eq!(told, Some(Incoming::Revoked(vec![Partition { epoch, partition: 1 }])));
    writer.send_all(["4", "5"]);
    assert_eq!(old.take_texts(), ["4"], "a partition that is going gets nothing new");
    assert!(new.take().is_empty(), "and its next owner nothing yet");

    // One was done, the other goes back unstarted.
    let (one, three) = (&got[2..3], &got[3..4]);
    assert_eq!((texts(one), texts(three)), (vec!["1".into()], vec!["3".into()]));
    old.ack(one);
    assert!(new.take().is_empty());
    assert_eq!(new.alarm.count(), 0);
    old.settle(three, Settlement::Release);
    assert_eq!(new.alarm.count(), 1, "the new owner is woken by the last settlement");
    assert_eq!(new.take_texts(), ["3", "5"], "from the first that is not settled");
    assert!(old.take().is_empty());
}

#[test]
fn nothing_is_lost_or_doubled_when_members_come_and_go_and_settle() {
    let broker = MemoryBinder::new();
    let mut spec = with_partitions(output("orders"), 6);
    spec.required_groups = vec![Group::new("g").unwrap()];
    let mut writer = write(&broker, &spec);
    let mut members: Vec<Reader> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for round in 0..60 {
        for n in 0..20 {
            let number = round * 20 + n;
            writer.queue(Message::new(format!("{number:04}")).with_key(format!("{}", n % 7)));
        }
        assert!(writer.publish());
        if round % 3 != 2 {
            members.push(read(&broker, &input("orders", Some("g"))));
        } else {
            members.remove(round % members.len()).close();
            if round % 2 == 0 {
                members.remove(0).close();
            }
        }
        for member in &mut members {
            let mut taken = Vec::new();
            loop {
                match member.poll(WIDE) {
                    (None, _) => break,
                    (Some(_), batch) => taken.extend(batch),
                }
            }
            member.ack(&taken);
            seen.extend(texts(&taken));
        }
    }
    for member in &mut members {
        while member.poll(WIDE).0 == Some(Incoming::Deliveries) {}
    }
    let mut sorted = seen.clone();
    sorted.sort();
    let all: Vec<String> = (0..1_200).map(|n| format!("{n:04}")).collect();
    assert_eq!(sorted, all);
    assert_eq!(backlog(&broker, "orders", "g"), Some(0));
    for key in 0..7 {
        let of_key: Vec<&String> =
            seen.iter().filter(|text| text.parse::<usize>().unwrap() % 20 % 7 == key).collect();
        assert!(of_key.is_sorted(), "key {key} is out of order");
    }
}

#[test]
fn partitions_follow_the_members_in_the_order_they_joined() {
    let broker = MemoryBinder::new();
    let mut spec = with_partitions(output("orders"), 5);
    spec.required_groups = vec![Group::new("g").unwrap()];
    let mut writer = write(&broker, &spec);
    let mut members: Vec<Reader> = Vec::new();
    for count in 1..=7 {
        members.push(read(&broker, &input("orders", Some("g"))));
        for member in &mut members[..count - 1] {
            while member.poll(WIDE).0.is_some() {}
        }
        (0..5).for_each(|_| writer.queue(Message::new("x")));
        assert!(writer.publish());
        for (place, member) in members.iter_mut().enumerate() {
            let got = member.take();
            let partitions: Vec<usize> = got.iter().map(|d| d.tag.partition as usize).collect();
            let expected: Vec<usize> = (0..5).filter(|i| i % count == place).collect();
            assert_eq!(partitions, expected, "member {place} of {count}");
            member.ack(&got);
        }
    }
}

#[test]
fn a_member_that_leaves_hands_on_what_it_has_not_settled() {
    let broker = MemoryBinder::new();
    let mut writer = two_partitions(&broker);
    let mut one = read(&broker, &input("orders", Some("g")));
    let mut two = read(&broker, &input("orders", Some("g")));
    assert_eq!(revoked(&mut one), [1]);
    writer.send_all(["0", "1", "2", "3"]);
    let got = two.take();
    assert_eq!(texts(&got), ["1", "3"]);
    two.ack(&got[..1]);
    assert_eq!(one.take_texts(), ["0", "2"]);
    drop(two);
    assert_eq!(one.alarm.count(), 1);
    assert_eq!(one.take_texts(), ["3"]);
}

#[test]
fn a_member_that_leaves_while_it_drains_hands_over_at_once() {
    let broker = MemoryBinder::new();
    two_partitions(&broker).send_all(["0", "1"]);
    let mut old = read(&broker, &input("orders", Some("g")));
    assert_eq!(old.take().len(), 2);
    let mut new = read(&broker, &input("orders", Some("g")));
    assert!(new.take().is_empty());
    old.close();
    assert_eq!(new.take_texts(), ["0", "1"]);
}

#[test]
fn a_drain_that_is_over_does_not_wait_and_its_settlements_are_late() {
    let broker = MemoryBinder::new();
    let mut writer = two_partitions(&broker);
    writer.send_all(["0", "1"]);
    let mut spec = input("orders", Some("g"));
    spec.drain = Duration::ZERO;
    let mut old = read(&broker, &spec);
    let got = old.take();
    let mut new = read(&broker, &spec);
    assert_eq!(new.take_texts(), ["1"]);
    assert_eq!(revoked(&mut old), [1]);
    old.ack(&got);
    assert_eq!(backlog(&broker, "orders", "g"), Some(1), "only its own partition counts");
}

#[test]
fn an_idle_partition_goes_over_at_once() {
    let broker = MemoryBinder::new();
    let mut writer = two_partitions(&broker);
    let mut old = read(&broker, &input("orders", Some("g")));
    let mut new = read(&broker, &input("orders", Some("g")));
    writer.send_all(["0", "1"]);
    assert_eq!(new.take_texts(), ["1"]);
    assert_eq!(revoked(&mut old), [1]);
    assert_eq!(old.take_texts(), ["0"]);
}

#[test]
fn a_member_without_a_partition_is_assigned_all_the_same() {
    let broker = MemoryBinder::new();
    let mut writer = two_partitions(&broker);
    let mut members: Vec<Reader> =
        (0..3).map(|_| read(&broker, &input("orders", Some("g")))).collect();
    writer.send_all(["0", "1"]);
    assert_eq!(members[2].poll(WIDE).0, None);
    members.remove(0).close();
    // Partition 0 goes to the second member, partition 1 to the third.
    assert_eq!(members[1].alarm.count(), 1);
    assert_eq!(members[1].take_texts(), ["1"]);
}

#[test]
fn a_partition_that_comes_back_has_a_new_epoch() {
    let broker = MemoryBinder::new();
    two_partitions(&broker).send_all(["0", "1"]);
    let mut spec = input("orders", Some("g"));
    spec.drain = Duration::ZERO;
    let mut reader = read(&broker, &spec);
    let before = reader.take();
    drop(read(&broker, &spec));
    assert_eq!(revoked(&mut reader), [1]);
    assert_eq!(reader.take_texts(), ["1"], "again, for its first delivery may be lost by now");
    reader.ack(&before[1..]);
    assert_eq!(backlog(&broker, "orders", "g"), Some(2), "the settlement of the first is late");
    reader.ack(&before[..1]);
    assert_eq!(backlog(&broker, "orders", "g"), Some(1));
}

#[test]
fn what_went_with_a_partition_leaves_room_for_the_rest() {
    let broker = MemoryBinder::new();
    let mut writer = two_partitions(&broker);
    let mut spec = input("orders", Some("g"));
    spec.max_in_flight = Some(Limit { messages: 1, bytes: usize::MAX });
    let mut old = read(&broker, &spec);
    writer.send_all(["0"]);
    let got = old.take();
    old.ack(&got);
    writer.send_all(["1"]);
    let got = old.take();
    writer.send_all(["2"]);
    assert_eq!((texts(&got), got[0].tag.partition), (vec!["1".into()], 1));
    let mut new = read(&broker, &spec);
    assert_eq!(revoked(&mut old), [1]);
    assert!(old.take().is_empty(), "its one place is taken");
    let woken = old.alarm.count();
    old.settle(&got, Settlement::Release);
    assert_eq!(old.alarm.count(), woken + 1);
    assert_eq!((old.take_texts(), new.take_texts()), (vec!["2".into()], vec!["1".into()]));
}
