//! What the broker sends ahead is bounded in messages and in bytes.

use std::collections::VecDeque;

use binder_core::{Delivery, Limit, Message};

use crate::support::{
    Input, Output, binder, input, number, numbered, numbers, output, partitions, raw, ready, unique,
};

const MIB: usize = 1 << 20;

/// A message of that number and about a mebibyte.
fn large(number: usize) -> Message {
    let mut text = vec![b'0'; MIB];
    let digits = number.to_string();
    text[MIB - digits.len()..].copy_from_slice(digits.as_bytes());
    Message::new(text)
}

/// So many messages may come before the sizes of any are known, and one more while the broker is
/// told.
const BLIND: usize = 9;

/// 1 MiB each, 200 of them, and a reader that is slow: neither this process nor the broker on its
/// behalf ever holds much more than the limit of 16 MiB. All come, in order.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn q04_large_messages_are_sent_ahead_within_the_limit_in_bytes() {
    const ALL: usize = 200;
    const BYTES: usize = 16 * MIB;
    let (binder, name) = (binder(), unique("bytes"));
    let queue = format!("{name}.g");
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    for begin in (0..ALL).step_by(20) {
        output.publish((begin..begin + 20).map(large).collect()).await;
    }
    let mut spec = input(&name, "g");
    spec.max_in_flight = Some(Limit { messages: 1_024, bytes: BYTES });
    let mut input = Input::bind(&binder, &spec).await;

    let (mut held, mut came, mut settled) = (VecDeque::<Delivery>::new(), Vec::new(), 0);
    let (mut most_held, mut most_sent) = (0, 0);
    while settled < ALL {
        let batch = input.soon(100).await;
        came.extend(numbers(&batch));
        let quiet = batch.is_empty();
        held.extend(batch);
        most_held = most_held.max(held.iter().map(|one| one.message.size()).sum());
        if quiet {
            let waiting = ready(&queue).await.unwrap() as usize;
            most_sent = most_sent.max(ALL - settled - waiting);
            // Slow: a few at a time.
            let done: Vec<_> = held.drain(..held.len().min(5)).collect();
            input.settle(&done);
            settled += done.len();
        }
    }
    assert_eq!(came, (0..ALL).collect::<Vec<_>>());
    assert!(most_held <= BYTES + MIB + 100, "{most_held} bytes were handed over");
    assert!(most_held > BYTES / 4, "only {most_held} bytes were ever handed over");
    assert!(most_sent <= BYTES / MIB + BLIND, "{most_sent} MiB were sent ahead");
    input.close().await;
}

/// The messages are far below the limit, so the broker sends ahead as many as it may.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn small_messages_soon_have_the_whole_window_and_keep_their_order() {
    const ALL: usize = 3_000;
    const WINDOW: usize = 1_024;
    let (binder, name) = (binder(), unique("window"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    output.publish((0..ALL).map(numbered).collect()).await;
    let mut input = Input::bind(&binder, &input(&name, "g")).await;
    let held = input.take(WINDOW).await;
    assert!(input.is_quiet().await, "more than {WINDOW} in flight");
    let sent = ALL - ready(&format!("{name}.g")).await.unwrap() as usize;
    assert!(sent >= WINDOW, "{sent} were sent ahead");
    input.settle(&held);
    let mut came = numbers(&held);
    while came.len() < ALL {
        let batch = input.next(100).await;
        input.settle(&batch);
        came.extend(numbers(&batch));
    }
    assert_eq!(came, (0..ALL).collect::<Vec<_>>());
}

/// While a process consumes its partition queues anew, none of them goes to the one that waits.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_window_that_grows_does_not_lose_a_partition_queue_to_who_waits() {
    const ALL: usize = 2_000;
    let (one, two, name) = (binder(), binder(), unique("active"));
    let mut spec = input(&name, "g");
    spec.partition_count = partitions(2);
    let mut to = output(&name, &["g"]);
    to.partition_count = partitions(2);
    let output = Output::bind(&one, &to).await;
    let mut first = Input::bind(&one, &spec).await;
    let mut second = Input::bind(&two, &spec).await;
    let keyed = |n: usize| numbered(n).with_key(format!("key {}", n % 16));
    output.publish((0..ALL).map(keyed).collect()).await;
    // Nothing is settled until the window has grown three times.
    let held = first.take(1_000).await;
    assert!(second.is_quiet().await, "a partition queue has changed hands");
    first.settle(&held);
    let mut came = held;
    while came.len() < ALL {
        let batch = first.next(100).await;
        first.settle(&batch);
        came.extend(batch);
    }
    for key in 0..16 {
        let of = |one: &&Delivery| number(&one.message) % 16 == key;
        let its: Vec<_> = came.iter().filter(of).map(|one| number(&one.message)).collect();
        assert!(its.is_sorted() && its.len() == ALL / 16, "key {key}: {its:?}");
    }
    assert!(second.is_quiet().await);
}

/// A queue that ends with its last consumer outlives a change of the window.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_private_copy_outlives_a_window_that_grows() {
    const ALL: usize = 2_000;
    let (binder, name) = (binder(), unique("private-window"));
    let mut spec = input(&name, "none");
    spec.group = None;
    let mut input = Input::bind(&binder, &spec).await;
    let output = Output::bind(&binder, &output(&name, &[])).await;
    output.publish((0..ALL).map(numbered).collect()).await;
    let mut came = Vec::new();
    while came.len() < ALL {
        let batch = input.next(100).await;
        input.settle(&batch);
        came.extend(numbers(&batch));
    }
    assert_eq!(came, (0..ALL).collect::<Vec<_>>());
}

/// Whoever wants many messages before the first is settled gets them: of any size that fits, and
/// from one partition of many.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn who_settles_nothing_gets_as_many_as_fit() {
    const BYTES: usize = 16 * MIB;
    let (binder, name) = (binder(), unique("hoard"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    output.publish((0..40).map(large).collect()).await;
    let mut spec = input(&name, "g");
    spec.max_in_flight = Some(Limit { messages: 1_024, bytes: BYTES });
    let mut hoarder = Input::bind(&binder, &spec).await;
    assert_eq!(numbers(&hoarder.take(14).await), (0..14).collect::<Vec<_>>());

    let name = unique("skew");
    let mut spec = input(&name, "g");
    spec.partition_count = partitions(8);
    let mut to = crate::support::output(&name, &["g"]);
    to.partition_count = partitions(8);
    let output = Output::bind(&binder, &to).await;
    let mut hoarder = Input::bind(&binder, &spec).await;
    output.publish((0..200).map(|n| numbered(n).with_key("one")).collect()).await;
    assert_eq!(numbers(&hoarder.take(128).await), (0..128).collect::<Vec<_>>());
}

/// Quorum queues have no prefetch of a channel: they are read all the same. To find that out costs
/// the connection that all inputs share, which happens once and not at every start.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn partition_queues_of_another_type_are_read_with_a_fixed_prefetch() {
    const ALL: usize = 100;
    let (binder, name) = (binder(), unique("quorum-partitions"));
    let (_connection, channel) = raw().await;
    for partition in 0..2 {
        let mut arguments = lapin::types::FieldTable::default();
        let quorum = lapin::types::AMQPValue::LongString("quorum".into());
        arguments.insert("x-queue-type".into(), quorum);
        arguments.insert("x-single-active-consumer".into(), true.into());
        let options = lapin::options::QueueDeclareOptions { durable: true, ..Default::default() };
        let queue = format!("{name}.g-{partition}");
        channel.queue_declare(queue.as_str().into(), options, arguments).await.unwrap();
    }
    let mut spec = input(&name, "g");
    spec.partition_count = partitions(2);
    let mut to = output(&name, &["g"]);
    to.partition_count = partitions(2);
    let output = Output::bind(&binder, &to).await;
    let mut input = Input::bind(&binder, &spec).await;
    output.publish((0..ALL).map(numbered).collect()).await;
    let mut came = numbers(&input.take(ALL).await);
    came.sort_unstable();
    assert_eq!(came, (0..ALL).collect::<Vec<_>>());
    input.close().await;

    let other = unique("bystander");
    let to_bystander = Output::bind(&binder, &crate::support::output(&other, &["g"])).await;
    let mut bystander = Input::bind(&binder, &crate::support::input(&other, "g")).await;
    let mut again = Input::bind(&binder, &spec).await;
    // What was taken was not settled.
    again.take(ALL).await;
    to_bystander.publish(vec![numbered(0)]).await;
    assert_eq!(bystander.take(1).await[0].tag.epoch, 1, "the connection was lost once more");
    again.close().await;
    for partition in 0..2 {
        let queue = format!("{name}.g-{partition}");
        channel.queue_delete(queue.as_str().into(), Default::default()).await.unwrap();
    }
}
