//! What the framework allocates for a message, beside what the codec and the scripted binder do.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::alloc::System;
use std::future::poll_fn;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use binder::config::Sources;
use binder::prelude::*;
use binder::{Executor, Launch};
use binder_core::publish::Completions;
use binder_core::{
    Binder, BindingName, Completed, Completion, ConsumerSpec, Destination, Limit, Outbox, Outgoing,
    ProducerSpec, Room, Settlement, Start, Unrouted, message as wire,
};
use binder_testkit::script::{ScriptedBinder, ScriptedInput};
use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MESSAGES: usize = 10_000;

/// What the framework may allocate for a message.
const BUDGET: f64 = 2.0;

#[derive(Deserialize)]
struct Order {
    id: u64,
    sku: String,
    cents: u64,
}

#[derive(Serialize)]
struct Invoice {
    order: u64,
    sku: String,
    cents: u64,
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order) -> Invoice {
    if CALLS.fetch_add(1, Relaxed) + 1 == MESSAGES / 2 {
        *AT_HALF.lock().unwrap() = Some(ALLOCATOR.stats());
    }
    Invoice { order: order.id, sku: order.sku, cents: order.cents * 2 }
}

fn order(i: usize) -> wire::Message {
    let payload = format!("{{\"id\":{i},\"sku\":\"article-{}\",\"cents\":{}}}", i % 100, i % 977);
    wire::Message::new(payload).with_key(format!("customer-{}", i % 1_000))
}

/// A binder with orders in it that does not remember what is published.
fn scripted() -> (ScriptedBinder, ScriptedInput) {
    let binder = ScriptedBinder::new();
    let orders = binder.input("orders").partitions(8);
    orders.preload(MESSAGES, order);
    let _invoices = binder.output("invoices").record(false);
    (binder, orders)
}

/// How often `bill` was called, and what was allocated when it had been for half of the messages.
static CALLS: AtomicUsize = AtomicUsize::new(0);
static AT_HALF: Mutex<Option<Stats>> = Mutex::new(None);

/// Allocations a message over the second half of a run that has just ended.
fn of_second_half() -> f64 {
    let now = ALLOCATOR.stats();
    assert_eq!(CALLS.swap(0, Relaxed), MESSAGES);
    let change = now - AT_HALF.lock().unwrap().take().unwrap();
    (change.allocations + change.reallocations) as f64 / (MESSAGES / 2) as f64
}

/// Through the attributes and the application.
async fn of_the_application() -> f64 {
    let (binder, orders) = scripted();
    let app = App::new(()).bind(listeners![bill]).binder("scripted", Arc::new(binder.clone()));
    let set = vec!["default_binder=scripted".to_owned()];
    let sources =
        Sources { set, directory: env!("CARGO_TARGET_TMPDIR").into(), ..Sources::default() };
    let launch =
        Launch { name: "shop".into(), sources, only: Vec::new(), executor: Executor::current() };
    let running = launch.start(app).await.unwrap();
    orders.settled_at_least(MESSAGES).await;
    let allocations = of_second_half();
    assert_eq!(binder.output("invoices").published_count(), MESSAGES);
    running.stop().await;
    allocations
}

struct Unread;

impl Completions for Unread {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        batch.clear();
    }
}

/// The scripted binder driven by hand, with the same decoding and encoding.
async fn of_codec_and_binder() -> f64 {
    let (binder, orders) = scripted();
    let (consumer, producer) = specs();
    let mut input = binder.bind_consumer(&consumer).await.unwrap();
    let publisher = binder.bind_producer(&producer).await.unwrap();
    let sink: Arc<dyn Completions> = Arc::new(Unread);
    let room = Room { messages: 256, bytes: usize::MAX };
    let (mut batch, mut outbox, mut settled) = (Vec::new(), Outbox::new(), Vec::new());
    let mut encoded = Vec::with_capacity(1_024);
    while orders.settled() < MESSAGES {
        poll_fn(|cx| input.subscription.poll_next(cx, room, &mut batch)).await.unwrap();
        for delivery in batch.drain(..) {
            let payload = delivery.message.payload.as_deref().unwrap();
            let order: Order = serde_json::from_slice(payload).unwrap();
            encoded.clear();
            serde_json::to_writer(&mut encoded, &bill(order).await).unwrap();
            settled.push((delivery.tag, Settlement::Ack));
            let completion = Completion::new(delivery.tag.sequence, sink.clone());
            outbox.push_back(Outgoing { message: delivery.message, completion });
        }
        poll_fn(|cx| publisher.poll_publish(cx, &mut outbox)).await;
        input.acker.settle(&settled);
        settled.clear();
    }
    of_second_half()
}

fn specs() -> (ConsumerSpec, ProducerSpec) {
    let second = Duration::from_secs(1);
    let consumer = ConsumerSpec {
        binding: BindingName::new("orders").unwrap(),
        destination: Destination::new("orders").unwrap(),
        group: None,
        start: Start::Earliest,
        partition_count: None,
        grow: false,
        instance: Default::default(),
        max_in_flight: Some(Limit { messages: 1_024, bytes: 64 << 20 }),
        drain: second,
        connect: second,
        native: Default::default(),
    };
    let producer = ProducerSpec {
        binding: BindingName::new("invoices").unwrap(),
        destination: Destination::new("invoices").unwrap(),
        partition_count: None,
        grow: false,
        required_groups: Vec::new(),
        unrouted: Unrouted::Drop,
        connect: second,
        native: Default::default(),
    };
    (consumer, producer)
}

// The allocator counts the whole process, so this file has one test.
#[tokio::test(start_paused = true)]
async fn at_most_two_allocations_a_message_beside_codec_and_binder() {
    let alone = of_codec_and_binder().await;
    let whole = of_the_application().await;
    let ours = whole - alone;
    println!("allocations a message: {whole:.3}, of codec and binder {alone:.3}, ours {ours:.3}");
    assert!(
        alone >= 1.0,
        "the codec allocates the text of an order, so this must count it: {alone}"
    );
    assert!(ours <= BUDGET, "{ours:.3} allocations a message ({whole:.3} less {alone:.3})");
}
