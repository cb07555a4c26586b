//! What an operator sees of the inputs of an application.

use std::time::{Duration, SystemTime};

use binder::prelude::*;
use binder::{Bindings, Exit, InputState, InputStatus, Registered, Running};
use binder_core::{Error, ErrorKind};

use crate::bench::{Bench, Order, broken, order, settle_down};

/// Fails once for an id below 10, always for one from 100 on.
#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order, attempt: Attempt) -> Result<Order> {
    if order.id >= 100 || order.id < 10 && attempt.0 == 1 {
        return Err(binder::Error::msg("no price"));
    }
    Ok(order)
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
fn stream(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
    orders.map(|message| {
        let attempt = message.attempt();
        message.try_map(move |order| match order.id < 10 && attempt == 1 {
            true => Err(binder::Error::msg("no price")),
            false => Ok(order),
        })
    })
}

#[stream_listener]
#[input("orders")]
async fn hang(_: Order) {
    std::future::pending().await
}

#[stream_emitter]
#[output("orders")]
fn one() -> impl Stream<Item = Order> {
    futures::stream::iter([Order { id: 1 }])
}

async fn start(bench: &Bench, listeners: Vec<Registered<()>>) -> (Running, Bindings) {
    let app = App::new(()).bind(listeners);
    let bindings = app.bindings();
    (bench.start(app).await.unwrap(), bindings)
}

fn only(bindings: &Bindings) -> InputStatus {
    bindings.list().remove(0)
}

async fn long() {
    tokio::time::sleep(Duration::from_secs(60)).await; // virtual
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_messages_is_counted_through_stops_and_starts() {
    let bench = Bench::new().set("bindings.orders.dead_letter=dead");
    let (running, bindings) = start(&bench, listeners![bill]).await;
    let orders = bench.input("orders");
    let refused = || Error::new(ErrorKind::Publish, "not now");
    orders.push([order(20), order(1), order(100), broken(), order(21)]);
    bench.binder.output("invoices").refuse(1, |_| true, refused);
    orders.settled_at_least(5).await;
    bindings.stop("orders").await.unwrap();
    bindings.start("orders").await.unwrap();
    orders.push([order(22)]);
    orders.settled_at_least(6).await;
    settle_down().await;
    let counts = only(&bindings).counts;
    assert_eq!((counts.received, counts.acknowledged, counts.released), (6, 6, 0));
    // One failed once, one three times, one could not be read.
    assert_eq!((counts.failed, counts.retried, counts.dead_lettered), (5, 3, 2));
    // Four invoices and two letters; the first invoice was refused once.
    assert_eq!((counts.confirmed, counts.refused, counts.dropped), (6, 1, 0));
    assert_eq!(running.stop().await, Exit::Drained);

    let bench = Bench::new().set("bindings.orders.on_exhausted=drop");
    let (running, bindings) = start(&bench, listeners![bill]).await;
    bench.input("orders").push([broken(), order(20)]);
    bench.input("orders").settled_at_least(2).await;
    let counts = only(&bindings).counts;
    assert_eq!((counts.acknowledged, counts.dropped), (2, 1));
    assert_eq!(running.stop().await, Exit::Drained);
}

#[tokio::test(start_paused = true)]
async fn what_goes_back_and_what_comes_late_is_counted() {
    let bench = Bench::new();
    let (running, bindings) = start(&bench, listeners![stream]).await;
    bench.input("orders").push([order(1), order(20)]);
    bench.input("orders").settled_at_least(2).await;
    assert_eq!(bench.texts("invoices"), [r#"{"id":20}"#, r#"{"id":1}"#]);
    assert_eq!(only(&bindings).counts.reordered, 1);
    assert_eq!(running.stop().await, Exit::Drained);

    let bench = Bench::new().set("grace=1s").set("bindings.orders.order=none");
    let (running, bindings) = start(&bench, listeners![hang]).await;
    bench.input("orders").push((0..5).map(order));
    settle_down().await;
    assert!(bindings.stop("orders").await.is_err(), "one call hangs");
    assert_eq!(only(&bindings).counts.released, 4);
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_is_seen_with_its_age() {
    let bench = Bench::new();
    let begun = SystemTime::now();
    let (running, bindings) = start(&bench, listeners![hang]).await;
    let status = only(&bindings);
    assert_eq!((status.state, status.in_flight, status.oldest), (InputState::Running, 0, None));
    assert!(status.since >= begun && status.since <= SystemTime::now());
    assert_eq!((status.last_error, status.stopped, status.blocked), (None, None, false));
    long().await;
    bench.input("orders").push([order(1)]);
    settle_down().await;
    tokio::time::sleep(Duration::from_secs(7)).await; // virtual
    bench.input("orders").push([order(2)]);
    settle_down().await;
    let status = only(&bindings);
    assert_eq!((status.in_flight, status.oldest.unwrap().as_secs()), (2, 7));
    bindings.pause("orders").unwrap();
    let paused = only(&bindings);
    assert_eq!(paused.state, InputState::Paused);
    assert!(paused.since >= status.since);
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn an_output_that_is_refused_blocks_its_input_for_all_to_see() {
    let bench = Bench::new();
    let (running, bindings) = start(&bench, listeners![bill]).await;
    let refused = || Error::new(ErrorKind::Publish, "not now");
    bench.binder.output("invoices").refuse(3, |_| true, refused);
    bench.input("orders").push([order(20)]);
    settle_down().await;
    let status = only(&bindings);
    assert!(status.blocked && bindings.is_ready());
    assert!(status.last_error.unwrap().text.contains("not now"));
    bench.input("orders").settled_at_least(1).await;
    assert!(!only(&bindings).blocked);
    assert_eq!(running.stop().await, Exit::Drained);
}

#[tokio::test(start_paused = true)]
async fn r09_a_subscription_that_fails_is_seen_with_its_cause() {
    let bench = Bench::new();
    let begun = SystemTime::now();
    let (running, bindings) = start(&bench, listeners![bill]).await;
    assert!(bindings.is_ready());
    bench.input("orders").fail(Error::new(ErrorKind::Auth, "access was revoked"));
    long().await;
    let status = only(&bindings);
    assert_eq!(status.state, InputState::Stopped);
    let (stopped, last) = (status.stopped.unwrap(), status.last_error.unwrap());
    assert_eq!(stopped.position, None);
    for text in [stopped.text, last.text] {
        assert!(text.contains("access was revoked") && text.contains("binding `orders`"), "{text}");
    }
    assert!(last.at >= begun && status.since >= last.at);
    assert!(!bindings.is_ready());
    bindings.stop("orders").await.unwrap();
    assert!(only(&bindings).stopped.is_none() && bindings.is_ready(), "now it is meant so");
    assert_eq!(running.stop().await, Exit::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_stops_an_input_is_named_with_both_remedies() {
    let bench = Bench::new();
    let (running, bindings) = start(&bench, listeners![bill]).await;
    bench.input("orders").partitions(3).push_to(2, [order(20), broken()]);
    long().await;
    assert!(!bindings.is_ready());
    let stopped = only(&bindings).stopped.unwrap();
    let position = stopped.position.unwrap();
    assert_eq!((position.partition(), position.sequence()), (2, 1));
    assert_eq!(position.to_string(), "orders/2@1");
    for remedy in ["bindings.orders.dead_letter = true", "bindings.orders.on_exhausted = \"drop\""]
    {
        assert!(stopped.text.contains(remedy), "{}", stopped.text);
    }
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn readiness_begins_with_the_last_assignment_and_ends_with_an_emitter_that_fails() {
    let bench = Bench::new();
    let orders = bench.input("orders").assigned_late();
    let refused = || Error::new(ErrorKind::TooLarge, "too large");
    bench.binder.output("orders").refuse(1, |_| true, refused);
    let app = App::new(()).bind(listeners![hang]).emit(emitters![one]);
    let bindings = app.bindings();
    let mut starting = Box::pin(bench.start(app));
    tokio::select! {
        _ = &mut starting => panic!("started although nothing is assigned"),
        () = settle_down() => {}
    }
    assert_eq!(only(&bindings).state, InputState::Starting);
    assert!(!bindings.is_ready());
    orders.assign();
    let running = starting.await.unwrap();
    assert!(bindings.is_ready());
    settle_down().await;
    assert!(!bindings.is_ready(), "the emitter has stopped");
    drop(running);
    assert!(!bindings.is_ready());
}
