//! Classes of errors, said once for the application.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use binder::prelude::*;
use binder::{Call, Class, Error, FromCall, Stateless};

use crate::bench::{Bench, Order, order};

#[derive(Debug)]
struct UnknownSku;

impl fmt::Display for UnknownSku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown sku")
    }
}

impl std::error::Error for UnknownSku {}

type Calls = Arc<AtomicUsize>;

fn price(order: &Order) -> Result<()> {
    match order.id {
        0 => Ok(()),
        1 => Err(UnknownSku.into()),
        2 => Err(UnknownSku).transient(),
        _ => Err(Error::msg("no answer")),
    }
}

#[stream_listener]
#[input("orders")]
async fn bill(order: Order, State(calls): State<Calls>) -> Result<()> {
    calls.fetch_add(1, Ordering::Relaxed);
    price(&order)
}

#[stream_listener]
#[input("orders")]
fn stream(orders: Messages<Order>, State(calls): State<Calls>) -> impl Stream<Item = Step<()>> {
    orders.map(move |message| {
        calls.fetch_add(1, Ordering::Relaxed);
        message.try_map(|order| price(&order))
    })
}

#[tokio::test(start_paused = true)]
async fn an_error_s_type_decides_unless_its_place_does() {
    for listeners in [listeners![bill], listeners![stream]] {
        let bench = Bench::new().set("bindings.orders.dead_letter=dead");
        let calls = Calls::default();
        let app = App::new(calls.clone()).bind(listeners);
        let app = app.classify(|_: &UnknownSku| Class::Permanent);
        let running = bench.start(app).await.unwrap();
        let orders = bench.input("orders");
        for (id, tried, class) in [(1, 1, "permanent"), (2, 3, "error"), (3, 3, "error")] {
            let before = calls.load(Ordering::Relaxed);
            orders.push([order(id)]);
            orders.settled_at_least(id).await;
            assert_eq!(calls.load(Ordering::Relaxed) - before, tried, "order {id}");
            let letter = bench.published("dead").pop().unwrap();
            assert_eq!(letter.headers.text("x-failure-class"), Some(class), "order {id}");
        }
        running.stop().await;
    }
}

struct Sku;

impl FromCall for Sku {
    type State = Stateless;

    fn from_call(_: &Call<'_>, _: Stateless) -> Result<Self> {
        Err(UnknownSku.into())
    }
}

#[stream_listener]
#[input("orders")]
async fn needs(_: Order, _: Sku) {}

#[tokio::test(start_paused = true)]
async fn what_an_extractor_fails_with_has_its_class_too() {
    let bench = Bench::new().set("bindings.orders.dead_letter=dead");
    let app = App::new(()).bind(listeners![needs]).classify(|_: &UnknownSku| Class::Permanent);
    let running = bench.start(app).await.unwrap();
    bench.input("orders").push([order(1)]);
    bench.input("orders").settled_at_least(1).await;
    let letter = bench.published("dead").pop().unwrap();
    assert_eq!(letter.headers.text("x-failure-attempts"), Some("1"));
    running.stop().await;
}
