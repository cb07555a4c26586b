//! Messages that wait at the broker to be tried again, where the broker is in trouble.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use binder::Exit;
use binder::prelude::*;
use binder_core::{Error, ErrorKind, Message as Wire, Settlement, Start, Unrouted};
use tokio::time::{Instant, sleep, timeout};

use crate::bench::{Bench, Order, count, order, settle_down};

/// The attempts so far.
type Seen = Arc<Mutex<Vec<u32>>>;

/// Fails at order 1.
#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order, attempt: Attempt, State(seen): State<Seen>) -> Result<Order> {
    seen.lock().unwrap().push(attempt.0);
    if order.id == 1 { Err(binder::Error::msg("one")) } else { Ok(order) }
}

/// Waits of 1 s and 2 s.
fn waiting() -> Bench {
    Bench::new().set("bindings.orders.order=none").set("bindings.orders.retry.where=broker")
}

async fn start(bench: &Bench, seen: &Seen) -> binder::Running {
    bench.start(App::new(seen.clone()).bind(listeners![bill])).await.unwrap()
}

const FIRST: &str = "orders.shop.bill.retry-1";

#[tokio::test(start_paused = true)]
async fn r01_a_message_is_settled_only_when_its_copy_that_waits_is_confirmed() {
    let (bench, seen) = (waiting(), Seen::default());
    let orders = bench.input("orders");
    let nobody = || Error::new(ErrorKind::Unroutable, "nobody reads this destination");
    let copies = bench.binder.output(FIRST).refuse(2, |_| true, nobody).hold_confirmations();
    let running = start(&bench, &seen).await;
    let spec = copies.spec().unwrap();
    assert_eq!(spec.unrouted, Unrouted::Fail, "a copy that nobody can receive is refused");
    let group = spec.required_groups[0].clone();
    let reader = bench.input(FIRST).spec().unwrap();
    assert_eq!((reader.group, reader.start), (Some(group), Start::Earliest));
    orders.push([order(1).with_header("run", "r")]);
    copies.published_at_least(1).await;
    sleep(Duration::from_secs(600)).await; // virtual
    assert_eq!(orders.settled(), 0, "settled although nobody knows of its copy");
    assert_eq!(*seen.lock().unwrap(), [1], "a refused copy is no attempt");
    copies.confirm_held(1);
    orders.settled_at_least(1).await;
    assert_eq!(count(&orders, Settlement::Ack), 1);
    assert_eq!((copies.refused(), copies.published_count()), (2, 1));
    let copy = &bench.published(FIRST)[0];
    let names: Vec<_> = copy.headers.iter().map(|(name, _)| name.clone()).collect();
    let ours = ["x-retry-attempts", "x-retry-due", "x-retry-partition", "x-retry-position"];
    assert_eq!(names[0], "run");
    assert_eq!(names[1..], ours);
    assert_eq!(copy.headers.text("x-retry-attempts"), Some("1"));
    running.stop().await;
}

/// A process that dies between the copy and the settlement leaves both: the message comes twice and
/// is not lost.
#[tokio::test(start_paused = true)]
async fn a_process_that_dies_before_it_has_settled_loses_nothing() {
    let (bench, seen) = (waiting(), Seen::default());
    let orders = bench.input("orders");
    let copies = bench.binder.output(FIRST).hold_confirmations();
    orders.push([order(1)]);
    let running = start(&bench, &seen).await;
    copies.published_at_least(1).await;
    drop(running);
    settle_down().await;
    assert_eq!(orders.settled(), 0);
    bench.input(FIRST).push(bench.published(FIRST));
    let running = start(&bench, &seen).await;
    sleep(Duration::from_secs(5)).await; // virtual
    let mut attempts = seen.lock().unwrap().clone();
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 1, 2]);
    drop(running);
}

/// A copy as it was made at `due`, seconds from now.
fn copy(id: usize, due: i64) -> Wire {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    order(id)
        .with_header("x-retry-attempts", "1")
        .with_header("x-retry-due", (now + due * 1_000).to_string())
        .with_header("x-retry-partition", "0")
        .with_header("x-retry-position", "7")
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_ahead_delays_by_no_more_than_the_wait() {
    let (bench, seen) = (waiting(), Seen::default());
    let copies = bench.input(FIRST);
    let running = start(&bench, &seen).await;
    let before = Instant::now();
    copies.push([copy(2, 3_600)]);
    copies.settled_at_least(1).await;
    assert!(before.elapsed() <= Duration::from_millis(1_010), "{:?}", before.elapsed());
    assert!(before.elapsed() >= Duration::from_millis(900), "{:?}", before.elapsed());
    copies.push([copy(2, -10), order(3)]);
    copies.settled_at_least(3).await;
    assert!(before.elapsed() <= Duration::from_millis(1_100), "what is overdue does not wait");
    let attempts = seen.lock().unwrap().clone();
    assert_eq!(attempts, [2, 2, 1], "what says nothing of attempts is new");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_counts_while_a_copy_waits_is_no_attempt() {
    let (bench, seen) = (waiting(), Seen::default());
    bench.input(FIRST).push_tried(copy(2, 0), 1);
    let running = start(&bench, &seen).await;
    bench.input(FIRST).settled_at_least(1).await;
    assert_eq!(*seen.lock().unwrap(), [2]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_goes_back_when_its_partition_is_taken_away() {
    let (bench, seen) = (waiting(), Seen::default());
    let copies = bench.input(FIRST);
    let running = start(&bench, &seen).await;
    copies.push([copy(2, 60)]);
    settle_down().await;
    assert_eq!(copies.unsettled(), 1);
    copies.revoke(0);
    settle_down().await;
    assert_eq!(count(&copies, Settlement::Release), 1);
    assert!(seen.lock().unwrap().is_empty());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_too_large_stops_the_binding_at_its_message() {
    let (bench, seen) = (waiting().alone(), Seen::default());
    let too_large = || Error::new(ErrorKind::TooLarge, "8 bytes over").transient(false);
    bench.binder.output(FIRST).refuse(1, |_| true, too_large);
    bench.input("orders").push([order(1)]);
    let running = start(&bench, &seen).await;
    let ended = timeout(Duration::from_secs(60), running.ended()).await; // virtual
    assert_eq!(ended.unwrap(), Exit::Stopped);
    assert_eq!(count(&bench.input("orders"), Settlement::Ack), 0);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_error_does_not_wait() {
    let (bench, seen) = (waiting().set("bindings.orders.dead_letter=dead"), Seen::default());
    let orders = bench.input("orders");
    let running = start(&bench, &seen).await;
    orders.push([Wire::new("no order")]);
    orders.settled_at_least(1).await;
    assert_eq!((bench.published("dead").len(), bench.published(FIRST).len()), (1, 0));
    running.stop().await;
}
