//! What other frameworks get wrong, where no other test is about it; each name begins with its id
//! in `docs/spec/weaknesses.md`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use binder::Exit;
use binder::prelude::*;
use binder_core::{Settlement, message as wire};

use crate::bench::{Bench, Order, count, order, settle_down};

/// How often the function was called for the order that always fails, with id 0.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order, State(calls): State<Calls>) -> Result<Order> {
    if order.id == 0 {
        calls.0.fetch_add(1, Ordering::Relaxed);
        return Err(binder::Error::msg("no price"));
    }
    Ok(order)
}

/// A process that dies while a message waits to be tried again has not settled it.
#[tokio::test(start_paused = true)]
async fn r02_what_waits_to_be_tried_again_outlives_its_process() {
    let (bench, calls) = (Bench::new(), Calls::default());
    let orders = bench.input("orders");
    let running = bench.start(App::new(calls.clone()).bind(listeners![bill])).await.unwrap();
    orders.push([order(0)]);
    settle_down().await;
    assert_eq!(calls.0.load(Ordering::Relaxed), 1, "it waits out a back-off of half a second");
    drop(running);
    settle_down().await;
    assert!(orders.settlements().is_empty());
    let again = Calls::default();
    let running = bench.start(App::new(again.clone()).bind(listeners![bill])).await.unwrap();
    settle_down().await;
    assert_eq!(again.0.load(Ordering::Relaxed), 1);
    drop(running);
}

/// One message that always fails is tried three times, and ten others do not wait for it.
#[tokio::test(start_paused = true)]
async fn r03_a_message_that_always_fails_is_no_hot_loop() {
    let bench =
        Bench::new().set("bindings.orders.dead_letter=dead").set("bindings.orders.order=key");
    let calls = Calls::default();
    let orders = bench.input("orders");
    let running = bench.start(App::new(calls.clone()).bind(listeners![bill])).await.unwrap();
    orders.push((0..=10).map(|id| order(id).with_key(id.to_string())));
    settle_down().await;
    assert_eq!(count(&orders, Settlement::Ack), 10);
    assert_eq!(calls.0.load(Ordering::Relaxed), 1);
    bench.binder.output("dead").published_at_least(1).await;
    tokio::time::sleep(Duration::from_secs(60)).await; // virtual: nothing more happens
    assert_eq!(calls.0.load(Ordering::Relaxed), 3);
    assert_eq!(running.stop().await, Exit::Drained);
}

#[stream_listener]
#[input("first")]
async fn one(_: Order) {}

#[stream_listener]
#[input("second")]
async fn two(_: Order) {}

#[stream_listener]
#[input("third")]
async fn three(_: Order) {}

/// No binding waits until another one is assigned.
#[tokio::test(start_paused = true)]
async fn r12_bindings_start_side_by_side() {
    let bench = Bench::new();
    let inputs = ["first", "second", "third"].map(|name| bench.input(name).assigned_late());
    let starting = bench.start(App::new(()).bind(listeners![one, two, three]));
    tokio::select! {
        _ = starting => panic!("started although nothing is assigned"),
        () = settle_down() => {}
    }
    assert!(inputs.iter().all(|input| input.spec().is_some()), "one was not bound");
}

#[stream_listener]
#[input("orders")]
async fn unpack(payload: Bytes) -> Result<()> {
    Err(binder::Error::msg(format!("{} bytes are too few", payload.len())))
}

/// On a compacted topic the one deletes a key, the other does not: in a dead letter too.
#[tokio::test(start_paused = true)]
async fn k11_a_dead_letter_of_a_null_payload_has_none_and_of_an_empty_one_an_empty_one() {
    let bench = Bench::new().set("bindings.orders.dead_letter=dead");
    let orders = bench.input("orders");
    let null = wire::Message { key: Some("k".into()), ..wire::Message::default() };
    let empty = wire::Message::new("").with_key("k");
    orders.push([null, empty]);
    let running = bench.listen(listeners![unpack]).await;
    orders.settled_at_least(2).await;
    running.stop().await;
    let letters = bench.published("dead");
    let payloads: Vec<_> = letters.iter().map(|letter| letter.payload.as_deref()).collect();
    assert_eq!(payloads, [None, Some(&b""[..])]);
}
