//! Inputs that are paused and go on.

use std::time::Duration;

use binder::prelude::*;
use binder::{Bindings, Exit, InputState, Registered, Running};
use binder_core::Settlement;

use crate::bench::{Bench, Order, count, order, settle_down};

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order) -> Order {
    tokio::time::sleep(Duration::from_millis(10)).await; // virtual: what has started goes on
    order
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
fn stream(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
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

async fn start(bench: &Bench, listeners: Vec<Registered<()>>) -> (Running, Bindings) {
    let app = App::new(()).bind(listeners);
    let bindings = app.bindings();
    (bench.start(app).await.unwrap(), bindings)
}

fn both() -> [Vec<Registered<()>>; 2] {
    [listeners![bill, copy], listeners![stream, copy]]
}

/// Longer than everything that goes on takes.
async fn long() {
    tokio::time::sleep(Duration::from_secs(60)).await; // virtual
}

#[tokio::test(start_paused = true)]
async fn c37_while_paused_nothing_starts_and_then_everything_goes_on_in_order() {
    for listeners in both() {
        let bench = Bench::new();
        let (running, bindings) = start(&bench, listeners).await;
        let orders = bench.input("orders");
        orders.push((0..300).map(|id| order(id).with_key("key")));
        bench.binder.output("invoices").published_at_least(20).await;
        bindings.pause("orders").unwrap();
        settle_down().await;
        let before = bench.published("invoices").len();
        long().await;
        let paused = bench.published("invoices").len();
        assert!(paused <= before + 1, "one had started: {before}, then {paused}");
        // Other inputs go on, and what comes while paused waits.
        bench.input("other").push([order(7)]);
        bench.binder.output("copies").published_at_least(1).await;
        orders.push((300..310).map(|id| order(id).with_key("key")));
        long().await;
        assert_eq!(bench.published("invoices").len(), paused);
        bindings.resume("orders").unwrap();
        bench.binder.output("invoices").published_at_least(310).await;
        let expected: Vec<_> = (0..310).map(|id| format!("{{\"id\":{id}}}")).collect();
        assert_eq!(bench.texts("invoices"), expected);
        assert_eq!(running.stop().await, Exit::Drained);
        assert_eq!(count(&orders, Settlement::Ack), 310);
    }
}

#[tokio::test(start_paused = true)]
async fn c37_s15_18_a_pause_outlives_a_rebalance_and_gives_back_what_is_taken_away() {
    for listeners in both() {
        let bench = Bench::new();
        let (running, bindings) = start(&bench, listeners).await;
        let orders = bench.input("orders").partitions(2);
        orders.push_to(0, (0..200).map(order));
        bench.binder.output("invoices").published_at_least(5).await;
        bindings.pause("orders").unwrap();
        long().await;
        let paused = bench.published("invoices").len();
        orders.revoke(0);
        settle_down().await;
        assert_eq!(orders.unsettled(), 0, "everything goes back at once");
        orders.give_back(0);
        orders.push_to(1, (200..210).map(order));
        long().await;
        assert_eq!(bench.published("invoices").len(), paused);
        bindings.resume("orders").unwrap();
        orders.until(|orders| count(orders, Settlement::Ack) >= 210).await;
        assert_eq!(running.stop().await, Exit::Drained);
    }
}

#[tokio::test(start_paused = true)]
async fn c37_a_paused_input_stops_at_once_and_what_waited_comes_again() {
    for listeners in both() {
        let bench = Bench::new();
        let (running, bindings) = start(&bench, listeners).await;
        let orders = bench.input("orders");
        orders.push((0..200).map(order));
        bench.binder.output("invoices").published_at_least(5).await;
        bindings.pause("orders").unwrap();
        long().await;
        assert_eq!(running.stop().await, Exit::Drained);
        assert_eq!(orders.unsettled(), 0);
        assert!(bindings.list().is_empty(), "nothing is kept alive");
        let settled = count(&orders, Settlement::Ack);
        let (running, _) = start(&bench, listeners![bill, copy]).await;
        orders.until(|orders| count(orders, Settlement::Ack) >= 200).await;
        assert!(settled < 200);
        assert_eq!(running.stop().await, Exit::Drained);
    }
}

#[tokio::test(start_paused = true)]
async fn the_inputs_are_listed_with_what_they_do() {
    let bench = Bench::new();
    let (running, bindings) = start(&bench, listeners![bill, copy]).await;
    bindings.pause("other").unwrap();
    let states: Vec<_> =
        bindings.list().iter().map(|input| (input.function, input.state)).collect();
    assert_eq!(states, [("bill", InputState::Running), ("copy", InputState::Paused)]);
    let error = bindings.pause("ordres").unwrap_err().to_string();
    assert!(error.contains("`ordres`") && error.contains("`orders`, `other`"), "{error}");
    bindings.resume("other").unwrap();
    bindings.resume("other").unwrap();
    assert_eq!(bindings.list()[1].state, InputState::Running);
    assert_eq!(running.stop().await, Exit::Drained);
    assert!(bindings.resume("other").unwrap_err().to_string().contains("has ended"));
}
