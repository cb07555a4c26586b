//! Inputs that are stopped and started while the application lives on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use binder::prelude::*;
use binder::{Bindings, Exit, InputState, Registered, Running};
use binder_core::{Error, ErrorKind, Settlement};
use futures::FutureExt;

use crate::bench::{Bench, Order, broken, count, is_pending, order, settle_down};

/// How often a function was called.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

impl Calls {
    fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn all(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order, State(calls): State<Calls>) -> Order {
    calls.add();
    tokio::time::sleep(Duration::from_millis(10)).await; // virtual: what has started goes on
    order
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
fn stream(orders: Messages<Order>, State(calls): State<Calls>) -> impl Stream<Item = Step<Order>> {
    calls.add();
    let slowly = |message: Message<Order>| {
        message.and_then(|order| async {
            tokio::time::sleep(Duration::from_millis(10)).await; // virtual
            Ok(order)
        })
    };
    orders.map(slowly).buffer_unordered(1)
}

#[stream_listener]
#[input("other")]
#[output("copies")]
async fn copy(order: Order) -> Order {
    order
}

async fn start(bench: &Bench, listeners: Vec<Registered<Calls>>) -> (Running, Bindings, Calls) {
    let calls = Calls::default();
    let app = App::new(calls.clone()).bind(listeners);
    let bindings = app.bindings();
    (bench.start(app).await.unwrap(), bindings, calls)
}

fn both() -> [Vec<Registered<Calls>>; 2] {
    [listeners![bill, copy], listeners![stream, copy]]
}

/// Longer than everything that goes on takes.
async fn long() {
    tokio::time::sleep(Duration::from_secs(60)).await; // virtual
}

fn state(bindings: &Bindings) -> InputState {
    bindings.list()[0].state
}

#[tokio::test(start_paused = true)]
async fn a_stopped_input_drains_and_leaves_and_then_goes_on_where_it_was() {
    for listeners in both() {
        let bench = Bench::new();
        let (running, bindings, calls) = start(&bench, listeners).await;
        let orders = bench.input("orders");
        orders.push((0..300).map(|id| order(id).with_key("key")));
        bench.binder.output("invoices").published_at_least(20).await;
        bindings.stop("orders").await.unwrap();
        assert_eq!((orders.unsettled(), orders.bound(), orders.closed()), (0, false, true));
        assert_eq!(state(&bindings), InputState::Stopped);
        let (stopped, called) = (bench.published("invoices").len(), calls.all());
        assert_eq!(count(&orders, Settlement::Ack), stopped, "what was published is settled");

        // The others go on, and so does the application.
        bench.input("other").push([order(7)]);
        bench.binder.output("copies").published_at_least(1).await;
        long().await;
        assert_eq!((bench.published("invoices").len(), calls.all()), (stopped, called));
        assert!(bindings.is_ready(), "somebody wanted it so");

        bindings.start("orders").await.unwrap();
        assert_eq!(state(&bindings), InputState::Running);
        bench.binder.output("invoices").published_at_least(300).await;
        let expected: Vec<_> = (0..300).map(|id| format!("{{\"id\":{id}}}")).collect();
        assert_eq!(bench.texts("invoices"), expected, "nothing lost, nothing twice");
        assert_eq!(running.stop().await, Exit::Drained);
        assert_eq!(count(&orders, Settlement::Ack), 300);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_function_is_called_for_a_new_stream_with_the_same_state() {
    let bench = Bench::new();
    let (running, bindings, calls) = start(&bench, listeners![stream]).await;
    for starts in 1..4 {
        assert_eq!(calls.all(), starts);
        bench.input("orders").push([order(starts)]);
        bench.binder.output("invoices").published_at_least(starts).await;
        bindings.stop("orders").await.unwrap();
        bindings.start("orders").await.unwrap();
        settle_down().await;
    }
    assert_eq!(running.stop().await, Exit::Drained);
}

#[tokio::test(start_paused = true)]
async fn an_application_of_which_every_input_was_stopped_by_hand_lives_on() {
    let bench = Bench::new();
    let (running, bindings, _) = start(&bench, listeners![bill, copy]).await;
    let ended = running.ended();
    tokio::pin!(ended);
    bindings.stop("orders").await.unwrap();
    bindings.stop("orders").await.unwrap();
    bindings.stop("other").await.unwrap();
    assert!(is_pending(&mut ended));
    // One by hand and one by itself are not all by themselves.
    bindings.start("other").await.unwrap();
    bench.input("other").fail(Error::new(ErrorKind::Auth, "access was revoked"));
    settle_down().await;
    assert!(is_pending(&mut ended) && !bindings.is_ready());
    bindings.start("orders").await.unwrap();
    bench.input("orders").fail(Error::new(ErrorKind::Auth, "access was revoked"));
    assert_eq!(ended.await, Exit::Stopped);
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn price(order: Order, State(calls): State<Calls>) -> Result<Order> {
    match order.id == 1 && calls.add() < 2 {
        true => Err(binder::Error::msg("no price")),
        false => Ok(order),
    }
}

#[tokio::test(start_paused = true)]
async fn s15_04_a_start_revives_an_input_at_the_message_it_has_stopped_at() {
    let bench = Bench::new().set("bindings.orders.retry.max_attempts=1");
    let (running, bindings, calls) = start(&bench, listeners![price, copy]).await;
    let orders = bench.input("orders");
    orders.push((0..3).map(order));
    long().await;
    assert_eq!((state(&bindings), calls.all()), (InputState::Stopped, 1));
    assert_eq!(orders.committed(0), 1);
    assert!(!bindings.is_ready());
    bindings.start("orders").await.unwrap();
    orders.until(|orders| orders.committed(0) == 3).await;
    assert!(bindings.is_ready());
    assert_eq!(bench.texts("invoices"), [r#"{"id":0}"#, r#"{"id":1}"#, r#"{"id":2}"#]);
    assert_eq!(running.stop().await, Exit::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_start_revives_an_input_whose_subscription_has_ended() {
    let bench = Bench::new();
    let (running, bindings, _) = start(&bench, listeners![bill, copy]).await;
    let orders = bench.input("orders");
    orders.fail(Error::new(ErrorKind::Auth, "access was revoked"));
    long().await;
    assert_eq!(state(&bindings), InputState::Stopped);
    // It may fail, and fail again.
    orders.refuse_bind(Error::new(ErrorKind::Auth, "access is still revoked"));
    let error = bindings.start("orders").await.unwrap_err().to_string();
    assert!(error.contains("still revoked") && error.contains("binding `orders`"), "{error}");
    assert_eq!(state(&bindings), InputState::Stopped);
    assert!(bindings.list()[0].stopped.as_ref().unwrap().text.contains("was revoked"));
    bindings.start("orders").await.unwrap();
    orders.push([order(1)]);
    bench.binder.output("invoices").published_at_least(1).await;
    assert_eq!(running.stop().await, Exit::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_start_waits_for_the_stop_before_it_and_is_without_effect_on_what_runs() {
    let bench = Bench::new();
    let (running, bindings, calls) = start(&bench, listeners![bill]).await;
    let orders = bench.input("orders");
    bindings.start("orders").await.unwrap();
    orders.stall_close(true);
    orders.push([order(1)]);
    bench.binder.output("invoices").published_at_least(1).await;
    let (mut stopping, mut starting) =
        (Box::pin(bindings.stop("orders")), Box::pin(bindings.start("orders")));
    assert!(is_pending(&mut stopping) && is_pending(&mut starting));
    settle_down().await;
    assert_eq!(state(&bindings), InputState::Stopping);
    assert!(is_pending(&mut starting));
    orders.stall_close(false);
    starting.await.unwrap();
    stopping.await.unwrap();
    assert_eq!(state(&bindings), InputState::Running);
    orders.push([order(2)]);
    bench.binder.output("invoices").published_at_least(2).await;
    assert_eq!((running.stop().await, calls.all()), (Exit::Drained, 2));
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_start_and_a_start_that_is_given_up_leaves_it_stopped() {
    let bench = Bench::new();
    let (running, bindings, _) = start(&bench, listeners![bill]).await;
    let orders = bench.input("orders");
    bindings.stop("orders").await.unwrap();
    orders.assigned_late();
    let mut starting = Box::pin(bindings.start("orders"));
    assert!(is_pending(&mut starting));
    assert_eq!(state(&bindings), InputState::Starting);
    assert!(!bindings.is_ready());
    bindings.stop("orders").await.unwrap();
    let error = starting.await.unwrap_err().to_string();
    assert!(error.contains("stopped before it was assigned"), "{error}");
    assert_eq!(state(&bindings), InputState::Stopped);
    assert!(!orders.bound());
    orders.assign();
    bindings.start("orders").await.unwrap();
    assert_eq!(running.stop().await, Exit::Drained);
}

#[stream_listener]
#[input("orders")]
async fn hang(_: Order) {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_does_not_drain_within_the_grace_drops_the_calls_and_says_so() {
    let bench = Bench::new().set("grace=3s");
    let app = App::new(()).bind(listeners![hang]);
    let bindings = app.bindings();
    let running = bench.start(app).await.unwrap();
    let orders = bench.input("orders");
    orders.push([order(1)]);
    orders.until(|orders| orders.unsettled() == 1).await;
    settle_down().await;
    let begun = tokio::time::Instant::now();
    let error = bindings.stop("orders").await.unwrap_err().to_string();
    assert!(error.contains("grace of 3s") && error.contains("`orders`"), "{error}");
    assert_eq!(begun.elapsed().as_secs(), 3);
    settle_down().await;
    assert_eq!((state(&bindings), orders.bound()), (InputState::Stopped, false));
    bindings.start("orders").await.unwrap();
    orders.until(|orders| orders.unsettled() == 1).await;
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_cannot_be_stopped_and_what_ends_not_started() {
    let bench = Bench::new();
    let (running, bindings, _) = start(&bench, listeners![bill, copy]).await;
    let error = bindings.stop("ordres").await.unwrap_err().to_string();
    assert!(error.contains("`ordres`") && error.contains("`orders`, `other`"), "{error}");
    bindings.stop("orders").await.unwrap();
    let error = bindings.pause("orders").unwrap_err().to_string();
    assert!(error.contains("no running input") && error.contains("`other`"), "{error}");
    bench.input("other").stall_close(true);
    let mut stopping = Box::pin(running.stop());
    assert!(stopping.as_mut().now_or_never().is_none());
    settle_down().await;
    assert!(!bindings.is_ready(), "it is being ended");
    let error = bindings.start("orders").await.unwrap_err().to_string();
    assert!(error.contains("the application ends"), "{error}");
    bench.input("other").stall_close(false);
    assert_eq!(stopping.await, Exit::Drained);
    let error = bindings.start("orders").await.unwrap_err().to_string();
    assert!(error.contains("has ended"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_paused_input_that_is_stopped_and_started_reads() {
    let bench = Bench::new();
    let (running, bindings, _) = start(&bench, listeners![bill]).await;
    bindings.pause("orders").unwrap();
    bindings.stop("orders").await.unwrap();
    bindings.start("orders").await.unwrap();
    bench.input("orders").push([order(1), broken()]);
    bench.binder.output("invoices").published_at_least(1).await;
    assert_eq!(running.stop().await, Exit::Drained);
}
