//! Messages that have failed for the last time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use binder::prelude::*;
use binder_core::{Error, ErrorKind, Settlement, Unrouted};
use tokio::time::Instant;

use crate::bench::{Bench, Order, count, order, settle_down};

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order, State(calls): State<Arc<AtomicUsize>>) -> Result<Order> {
    if order.id != 1 {
        return Ok(order);
    }
    calls.fetch_add(1, Ordering::Relaxed);
    Err(binder::Error::msg("no price\nfor one"))
}

fn letters() -> Bench {
    Bench::new()
        .set("bindings.orders.dead_letter=true")
        .set("bindings.orders.retry.backoff.jitter=false")
}

const DEAD: &str = "orders.shop.bill.dlq";

#[tokio::test(start_paused = true)]
async fn r05_s15_03_a_dead_letter_goes_to_destination_group_dlq_after_the_third_attempt() {
    let bench = letters();
    let (orders, calls) = (bench.input("orders"), Arc::new(AtomicUsize::new(0)));
    let app = App::new(calls.clone()).bind(listeners![bill]);
    let running = bench.start(app).await.unwrap();
    let start = Instant::now();
    let mut bad = order(1).with_key("k").with_header("run", "r");
    bad.headers.push("empty", None);
    bad.timestamp = Some(5);
    orders.push([order(0), bad.clone(), order(2)]);
    orders.settled_at_least(3).await;
    running.stop().await;

    assert_eq!(calls.load(Ordering::Relaxed), 3);
    assert_eq!(start.elapsed().as_secs(), 3, "back-off is 1 s, then 2 s");
    assert_eq!(bench.texts("invoices"), [r#"{"id":0}"#, r#"{"id":2}"#], "order is kept");
    let letters = bench.published(DEAD);
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((&letter.payload, &letter.key), (&bad.payload, &bad.key));
    assert_eq!(letter.timestamp, Some(5));
    let names: Vec<_> = letter.headers.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names[..2], ["run", "empty"], "its own come first, as they were");
    for (name, value) in [
        ("x-original-destination", "orders"),
        ("x-original-binding", "orders"),
        ("x-original-group", "shop.bill"),
        ("x-original-partition", "0"),
        ("x-original-position", "1"),
        ("x-original-timestamp", "5"),
        ("x-failure-class", "error"),
        ("x-failure-cause", "no price for one"),
        ("x-failure-attempts", "3"),
    ] {
        assert_eq!(letter.headers.text(name), Some(value), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn r01_its_source_is_settled_only_when_the_dead_letter_is_confirmed() {
    let bench = letters();
    let orders = bench.input("orders");
    let no_leader = || Error::new(ErrorKind::Publish, "no leader");
    let dead = bench.binder.output(DEAD).refuse(2, |_| true, no_leader).hold_confirmations();
    orders.push([order(1)]);
    let app = App::new(Arc::new(AtomicUsize::new(0))).bind(listeners![bill]);
    let running = bench.start(app).await.unwrap();
    dead.published_at_least(1).await;
    tokio::time::sleep(Duration::from_secs(60)).await; // virtual
    assert_eq!(orders.settled(), 0);
    dead.confirm_held(1);
    orders.settled_at_least(1).await;
    assert_eq!(count(&orders, Settlement::Ack), 1);
    assert_eq!((dead.refused(), dead.published_count()), (2, 1));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn attempts_that_the_broker_counts_are_counted() {
    let bench = letters();
    let (orders, calls) = (bench.input("orders"), Arc::new(AtomicUsize::new(0)));
    orders.push_tried(order(1), 2);
    let app = App::new(calls.clone()).bind(listeners![bill]);
    let running = bench.start(app).await.unwrap();
    orders.settled_at_least(1).await;
    running.stop().await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    let letter = &bench.published(DEAD)[0];
    assert_eq!(letter.headers.text("x-failure-attempts"), Some("3"));
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn trouble(order: Order) -> Order {
    match order.id {
        1 => panic!("one"),
        2 => std::future::pending().await,
        _ => order,
    }
}

#[tokio::test(start_paused = true)]
async fn r16_a_panic_and_a_call_past_its_deadline_are_failures_like_others() {
    let bench = Bench::new()
        .set("bindings.orders.dead_letter=dead")
        .set("bindings.orders.deadline=10s")
        .set("bindings.orders.retry.max_attempts=2");
    let orders = bench.input("orders");
    orders.push((0..4).map(order));
    let running = bench.listen(listeners![trouble]).await;
    orders.settled_at_least(4).await;
    running.stop().await;
    assert_eq!(bench.texts("invoices"), [r#"{"id":0}"#, r#"{"id":3}"#]);
    let letters = bench.published("dead");
    let header = |name| letters.iter().map(move |letter| letter.headers.text(name).unwrap());
    assert_eq!(header("x-failure-class").collect::<Vec<_>>(), ["panic", "deadline"]);
    assert_eq!(header("x-failure-attempts").collect::<Vec<_>>(), ["2", "2"]);
    let causes: Vec<_> = header("x-failure-cause").collect();
    assert_eq!(causes, ["one", "no result within 10s (`deadline`)"]);
}

#[tokio::test(start_paused = true)]
async fn s15_04_without_a_dead_letter_the_binding_stops_at_the_message_and_resumes_there() {
    let bench = Bench::new().alone().set("bindings.orders.retry.max_attempts=1");
    let orders = bench.input("orders");
    orders.push((0..3).map(order));
    let calls = Arc::new(AtomicUsize::new(0));
    let app = || App::new(calls.clone()).bind(listeners![bill]);
    let running = bench.start(app()).await.unwrap();
    assert_eq!(running.ended().await, binder::Exit::Stopped);
    assert_eq!(orders.committed(0), 1);
    assert_eq!(bench.texts("invoices"), [r#"{"id":0}"#]);

    let kept = bench.clone().set("bindings.orders.dead_letter=dead");
    let running = kept.start(app()).await.unwrap();
    orders.until(|orders| orders.committed(0) == 3).await;
    settle_down().await;
    running.stop().await;
    assert_eq!(bench.texts("dead"), [r#"{"id":1}"#]);
    assert_eq!(bench.texts("invoices"), [r#"{"id":0}"#, r#"{"id":2}"#]);
}

#[stream_listener]
#[input("orders")]
#[output("invoices", "shipments")]
async fn both(order: Order) -> (Order, Order) {
    (order.clone(), order)
}

#[tokio::test(start_paused = true)]
async fn an_output_that_waits_to_be_sent_again_is_not_when_its_source_is_a_dead_letter() {
    let bench = Bench::new().set("bindings.orders.dead_letter=dead");
    let refused = |transient| move || Error::new(ErrorKind::Publish, "no").transient(transient);
    bench.binder.output("invoices").refuse(1, |_| true, refused(true));
    bench.binder.output("shipments").refuse(1, |_| true, refused(false));
    let orders = bench.input("orders");
    orders.push([order(1)]);
    let running = bench.listen(listeners![both]).await;
    orders.settled_at_least(1).await;
    tokio::time::sleep(Duration::from_secs(60)).await; // virtual
    assert_eq!(bench.texts("dead"), [r#"{"id":1}"#]);
    assert_eq!((bench.published("invoices"), bench.published("shipments")), (vec![], vec![]));
    orders.push([order(2)]);
    orders.settled_at_least(2).await;
    assert_eq!(bench.texts("invoices"), [r#"{"id":2}"#], "the input is paused for ever");
    running.stop().await;
}

/// A letter that reaches no store, which somebody has deleted, is refused, and its source waits.
#[tokio::test(start_paused = true)]
async fn a_dead_letter_counts_when_it_is_routed() {
    let bench = letters();
    let nobody = || Error::new(ErrorKind::Unroutable, "nobody reads this destination");
    let (orders, calls) = (bench.input("orders"), Arc::new(AtomicUsize::new(0)));
    let dead = bench.binder.output(DEAD).refuse(3, |_| true, nobody);
    let running = bench.start(App::new(calls).bind(listeners![bill])).await.unwrap();
    assert_eq!(dead.spec().unwrap().unrouted, Unrouted::Fail, "the broker has to say so");
    orders.push([order(1)]);
    dead.until(|dead| dead.refused() == 2).await;
    settle_down().await;
    assert_eq!(orders.settled(), 0, "settled although its letter is nowhere");
    orders.settled_at_least(1).await;
    assert_eq!(dead.published_count(), 1);
    running.stop().await;
}
