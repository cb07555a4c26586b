//! Running messages through the scripted binder allocates nothing in steady state, so that tests
//! can count what the code between its two ends allocates.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::alloc::System;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use binder_core::publish::Completions;
use binder_core::{
    Binder, BindingName, Completed, Completion, ConsumerSpec, Destination, Limit, Message, Outbox,
    Outgoing, ProducerSpec, Room, Settlement, Start, Unrouted,
};
use binder_testkit::script::ScriptedBinder;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MESSAGES: usize = 10_000;
const ROOM: Room = Room { messages: 256, bytes: usize::MAX };

struct Ignored;

impl Completions for Ignored {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        batch.clear();
    }
}

#[tokio::test]
async fn ten_thousand_messages_allocate_nothing_in_the_second_half() {
    let binder = ScriptedBinder::new();
    let handle = binder.input("in").partitions(4);
    handle.preload(MESSAGES, |i| Message::new(i.to_string()));
    let written = binder.output("out").record(false);
    let mut input = binder.bind_consumer(&consumer()).await.unwrap();
    let publisher = binder.bind_producer(&producer()).await.unwrap();
    let sink: Arc<dyn Completions> = Arc::new(Ignored);
    let (mut batch, mut outbox, mut settled) = (Vec::new(), Outbox::new(), Vec::new());
    let mut region = Region::new(ALLOCATOR);
    while handle.settled() < MESSAGES {
        poll_fn(|cx| input.subscription.poll_next(cx, ROOM, &mut batch)).await.unwrap();
        for delivery in batch.drain(..) {
            settled.push((delivery.tag, Settlement::Ack));
            let completion = Completion::new(delivery.tag.sequence, sink.clone());
            outbox.push_back(Outgoing { message: delivery.message, completion });
        }
        poll_fn(|cx| publisher.poll_publish(cx, &mut outbox)).await;
        input.acker.settle(&settled);
        settled.clear();
        if handle.settled() < MESSAGES / 2 {
            region.reset();
        }
    }
    let allocations = region.change().allocations;
    assert_eq!((written.published_count(), handle.calls_with_deliveries()), (MESSAGES, 40));
    assert!(allocations < 10, "{allocations} allocations for {} messages", MESSAGES / 2);
}

fn consumer() -> ConsumerSpec {
    ConsumerSpec {
        binding: BindingName::new("in").unwrap(),
        destination: Destination::new("in").unwrap(),
        group: None,
        start: Start::Earliest,
        partition_count: None,
        grow: false,
        instance: Default::default(),
        max_in_flight: Some(Limit { messages: 1_024, bytes: 1 << 20 }),
        drain: Duration::from_secs(1),
        connect: Duration::from_secs(1),
        native: Default::default(),
    }
}

fn producer() -> ProducerSpec {
    ProducerSpec {
        binding: BindingName::new("out").unwrap(),
        destination: Destination::new("out").unwrap(),
        partition_count: None,
        grow: false,
        required_groups: Vec::new(),
        unrouted: Unrouted::Fail,
        connect: Duration::from_secs(1),
        native: Default::default(),
    }
}
