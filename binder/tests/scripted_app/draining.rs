//! A stop: what has started is finished, what has not goes back, and nothing is doubled by it.

use std::sync::Arc;
use std::time::Duration;

use binder::Exit;
use binder::prelude::*;
use binder_core::Settlement;
use binder_testkit::script::ScriptEvent;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::bench::{Bench, Order, count, order, settle_down};

/// Each call takes a permit before it returns.
type Gate = Arc<Semaphore>;

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order, State(gate): State<Gate>) -> Result<Order> {
    gate.acquire().await?.forget();
    Ok(order)
}

#[tokio::test(start_paused = true)]
async fn what_has_started_is_finished_within_the_grace_and_the_rest_goes_back() {
    let bench = Bench::new();
    let (orders, gate) = (bench.input("orders"), Arc::new(Semaphore::new(3)));
    let _invoices = bench.binder.output("invoices").confirm_after(Duration::from_secs(5));
    orders.push((0..10).map(order));
    let app = App::new(gate.clone()).bind(listeners![bill]);
    let running = bench.start(app).await.unwrap();
    settle_down().await;
    let opens = async {
        tokio::time::sleep(Duration::from_secs(10)).await; // virtual: half of the grace
        gate.add_permits(1);
    };
    let (exit, ()) = tokio::join!(running.stop(), opens);
    assert_eq!(exit, Exit::Drained);
    let expected: Vec<_> = (0..4).map(|id| format!("{{\"id\":{id}}}")).collect();
    assert_eq!(bench.texts("invoices"), expected);
    assert_eq!(count(&orders, Settlement::Ack), 4);
    assert_eq!(count(&orders, Settlement::Release), 6);
    assert!(orders.closed());
}

#[tokio::test(start_paused = true)]
async fn r11_a_function_that_hangs_is_left_when_the_grace_is_over() {
    for (grace, bench) in [(20, Bench::new()), (2, Bench::new().set("grace=2s"))] {
        let orders = bench.input("orders");
        orders.push((0..10).map(order));
        let app = App::new(Gate::new(Semaphore::new(0))).bind(listeners![bill]);
        let running = bench.start(app).await.unwrap();
        settle_down().await;
        let start = Instant::now();
        assert_eq!(running.stop().await, Exit::Overdue);
        assert_eq!(start.elapsed().as_secs(), grace);
        settle_down().await;
        assert!(!orders.bound(), "a task outlives the application");
        assert_eq!(count(&orders, Settlement::Ack), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_is_dropped_leaves_nothing_bound() {
    let bench = Bench::new();
    let orders = bench.input("orders");
    orders.push((0..10).map(order));
    let app = App::new(Gate::new(Semaphore::new(0))).bind(listeners![bill]);
    let running = bench.start(app).await.unwrap();
    settle_down().await;
    drop(running);
    settle_down().await;
    assert!(!orders.bound(), "a task outlives the application");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_doubled_or_lost_when_a_drained_application_starts_again() {
    let bench = Bench::new().set("bindings.orders.concurrency=4");
    let orders = bench.input("orders").partitions(4);
    orders.preload(1_000, order);
    let _invoices = bench.binder.output("invoices").confirm_after(Duration::from_millis(7));
    let gate = Arc::new(Semaphore::new(0));
    let mut starts = 0;
    while count(&orders, Settlement::Ack) < 1_000 {
        starts += 1;
        assert!(starts < 20, "it does not come to an end");
        let app = App::new(gate.clone()).bind(listeners![bill]);
        let running = bench.start(app).await.unwrap();
        gate.add_permits(137);
        settle_down().await;
        // What hangs at the gate is let through, as a function that takes a while would be.
        let (exit, ()) = tokio::join!(running.stop(), async {
            settle_down().await;
            gate.add_permits(4);
        });
        assert_eq!(exit, Exit::Drained);
    }
    assert!(starts > 3, "it was stopped {starts} times");
    let mut texts = bench.texts("invoices");
    texts.sort();
    let mut expected: Vec<_> = (0..1_000).map(|id| format!("{{\"id\":{id}}}")).collect();
    expected.sort();
    assert_eq!(texts, expected);
    assert_eq!(orders.late(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_left_behind_comes_again_after_the_next_start() {
    let bench = Bench::new();
    let orders = bench.input("orders");
    orders.push((0..10).map(order));
    let gate = Arc::new(Semaphore::new(3));
    let app = || App::new(gate.clone()).bind(listeners![bill]);
    let running = bench.start(app()).await.unwrap();
    settle_down().await;
    assert_eq!(running.stop().await, Exit::Overdue);
    settle_down().await;
    gate.add_permits(100);
    let running = bench.start(app()).await.unwrap();
    orders.until(|orders| count(orders, Settlement::Ack) == 10).await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(orders.committed(0), 10);
}

#[stream_emitter]
#[output("orders")]
fn shop() -> impl Stream<Item = Order> {
    every(Duration::from_millis(100)).scan(0, |id, ()| {
        *id += 1;
        std::future::ready(Some(Order { id: *id }))
    })
}

#[tokio::test(start_paused = true)]
async fn emitters_stop_first_then_inputs_then_outputs_are_let_go() {
    let bench = Bench::new();
    let orders = bench.binder.output("orders").confirm_after(Duration::from_secs(1));
    bench.input("orders").push([order(0)]);
    let gate = Arc::new(Semaphore::new(0));
    let app = App::new(gate.clone()).bind(listeners![bill]).emit(emitters![shop]);
    let running = bench.start(app).await.unwrap();
    orders.published_at_least(30).await;
    let stop = running.stop();
    tokio::pin!(stop);
    tokio::select! {
        _ = &mut stop => panic!("stopped although a call is under way"),
        () = tokio::time::sleep(Duration::from_secs(5)) => {} // virtual: longer than a confirmation
    }
    assert_eq!(orders.unreported(), 0, "the emitter did not wait for its confirmations");
    let emitted = orders.published_count();
    gate.add_permits(1);
    assert_eq!(stop.await, Exit::Drained);
    assert_eq!(orders.published_count(), emitted, "the emitter went on");
    let events = bench.binder.events();
    let place = |event| events.iter().position(|other| *other == event).unwrap();
    let closed = place(ScriptEvent::ClosedInput("orders".into()));
    assert!(closed < place(ScriptEvent::DroppedOutput("orders".into())));
    assert!(closed < place(ScriptEvent::DroppedOutput("invoices".into())));
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_a_message_waits_to_be_tried_again_does_not_wait_for_it() {
    #[stream_listener]
    #[input("orders")]
    async fn busy(_: Order) -> Result<()> {
        Err(binder::Error::msg("busy"))
    }
    let bench = Bench::new().set("bindings.orders.retry.backoff.initial=10s");
    let orders = bench.input("orders");
    orders.push((0..3).map(order));
    let running = bench.listen(listeners![busy]).await;
    settle_down().await;
    let start = Instant::now();
    assert_eq!(running.stop().await, Exit::Drained);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(count(&orders, Settlement::Release), 3);
}
