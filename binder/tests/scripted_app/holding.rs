//! An input that has stopped at a message keeps it from the other members of its group.

use std::time::Duration;

use binder::prelude::*;
use binder::{Bindings, Exit, InputState, Running};
use binder_core::{Error, ErrorKind};
use binder_testkit::script::ScriptEvent;

use crate::bench::{Bench, Order, broken, is_pending, order, settle_down};

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order) -> Order {
    order
}

/// Stopped at the second of three messages, of partition 1 of two.
async fn stopped(bench: &Bench) -> (Running, Bindings) {
    let app = App::new(()).bind(listeners![bill]);
    let bindings = app.bindings();
    let running = bench.start(app).await.unwrap();
    bench.input("orders").partitions(2).push_to(1, [order(0), broken(), order(2)]);
    settle_down().await;
    (running, bindings)
}

fn holds(bindings: &Bindings) -> bool {
    bindings.list()[0].holding
}

async fn long() {
    tokio::time::sleep(Duration::from_secs(3_600)).await; // virtual
}

#[tokio::test(start_paused = true)]
async fn it_keeps_its_place_and_its_application_lives_until_it_is_told_to_leave() {
    let bench = Bench::new();
    let orders = bench.input("orders");
    let (running, bindings) = stopped(&bench).await;
    let ended = running.ended();
    tokio::pin!(ended);
    assert!(is_pending(&mut ended));
    long().await;
    assert!(is_pending(&mut ended), "every input has stopped, and one holds its place");
    let status = bindings.list().remove(0);
    assert_eq!((status.state, status.holding), (InputState::Stopped, true));
    assert!(orders.bound() && !orders.closed() && !bindings.is_ready());
    assert_eq!(orders.committed(1), 1, "what it has stopped at is not settled");
    // It is a member like another: what is taken away is heard, what comes is not read.
    orders.push_to(0, [order(3)]);
    orders.revoke(1);
    orders.give_back(1);
    long().await;
    assert_eq!(bench.texts("invoices"), [r#"{"id":0}"#]);

    bindings.stop("orders").await.unwrap();
    assert!(orders.closed() && !orders.bound() && !holds(&bindings));
    assert!(bindings.is_ready() && is_pending(&mut ended), "stopped by hand");
}

#[tokio::test(start_paused = true)]
async fn a_start_gives_its_place_up_and_takes_it_again() {
    let bench = Bench::new();
    let orders = bench.input("orders");
    let (running, bindings) = stopped(&bench).await;
    for _ in 0..3 {
        assert!(holds(&bindings));
        bindings.start("orders").await.unwrap();
        settle_down().await;
    }
    assert!(holds(&bindings), "the message still fails");
    let of = |event: fn(String) -> ScriptEvent| {
        bench.binder.events().iter().filter(|e| **e == event("orders".into())).count()
    };
    assert_eq!((of(ScriptEvent::BoundInput), of(ScriptEvent::ClosedInput)), (4, 3));
    assert_eq!(running.stop().await, Exit::Drained);
    assert!(orders.closed() && !orders.bound());
}

#[tokio::test(start_paused = true)]
async fn one_that_loses_its_place_has_stopped_like_any_other() {
    let bench = Bench::new();
    let (running, bindings) = stopped(&bench).await;
    bench.input("orders").fail(Error::new(ErrorKind::Auth, "access was revoked"));
    assert_eq!(running.ended().await, Exit::Stopped);
    drop(bindings);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_else_would_get_the_message_it_leaves() {
    let private = Bench::new().set("bindings.orders.anonymous=true");
    for bench in [Bench::new().alone(), private] {
        let orders = bench.input("orders");
        let (running, _) = stopped(&bench).await;
        assert_eq!(running.ended().await, Exit::Stopped);
        assert!(orders.closed() && !orders.bound());
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_up_is_not_refused_for_an_input_that_stops_while_another_waits() {
    #[stream_listener]
    #[input("late")]
    async fn late(_: Order) {}

    for bench in [Bench::new(), Bench::new().alone()] {
        let waiting = bench.input("late").assigned_late();
        bench.input("orders").push([broken()]);
        let app = App::new(()).bind(listeners![late, bill]);
        let bindings = app.bindings();
        let mut starting = Box::pin(bench.start(app));
        assert!(is_pending(&mut starting));
        settle_down().await;
        assert_eq!(bindings.list()[1].state, InputState::Stopped);
        waiting.assign();
        let running = starting.await.unwrap();
        assert!(!bindings.is_ready());
        assert_eq!(running.stop().await, Exit::Drained);
    }
}
