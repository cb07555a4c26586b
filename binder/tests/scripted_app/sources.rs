//! Inputs that read several destinations.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use binder::prelude::*;
use binder::{Destination, Exit, Position};
use binder_core::{Capabilities, Error, ErrorKind};

use crate::bench::{Bench, Order, order, settle_down};

/// What the functions saw.
type Seen = Arc<Mutex<Vec<String>>>;

fn both() -> Bench {
    Bench::new().set("bindings.orders.destination=[\"orders\", \"returns\"]")
}

/// Fails at order 9.
#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(
    order: Message<Order>,
    from: Destination,
    at: Position,
    State(seen): State<Seen>,
) -> Result<Order> {
    assert_eq!(order.position(), Some(&at));
    seen.lock().unwrap().push(format!("{from} {at} {}", order.payload().id));
    if order.payload().id == 9 { Err(binder::Error::msg("nine")) } else { Ok(order.into_payload()) }
}

#[tokio::test(start_paused = true)]
async fn s15_09_each_message_says_which_destination_it_is_from() {
    let bench = both().set("bindings.orders.dead_letter=true");
    let bench = bench.set("bindings.orders.retry.max_attempts=1");
    let (orders, returns) = (bench.input("orders").partitions(2), bench.input("returns"));
    let seen = Seen::default();
    let running = bench.start(App::new(seen.clone()).bind(listeners![bill])).await.unwrap();
    orders.push_to(1, [order(0), order(1)]);
    returns.push([order(2), order(9)]);
    orders.settled_at_least(2).await;
    returns.settled_at_least(2).await;
    assert_eq!(running.stop().await, Exit::Drained);
    let mut seen = seen.lock().unwrap().clone();
    seen.sort();
    assert_eq!(
        seen,
        [
            "orders orders/1@0 0",
            "orders orders/1@1 1",
            "returns returns/0@0 2",
            "returns returns/0@1 9"
        ]
    );
    let letters = bench.published("returns.shop.bill.dlq");
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    for (name, value) in [
        ("x-original-destination", "returns"),
        ("x-original-partition", "0"),
        ("x-original-position", "1"),
    ] {
        assert_eq!(letter.headers.text(name), Some(value), "{name}");
    }
    assert!(bench.published("orders.shop.bill.dlq").is_empty());
    let provisioned = bench.binder.topology().unwrap();
    let letters = provisioned.dead_letters.iter().map(|spec| spec.destination.as_str());
    assert_eq!(letters.collect::<Vec<_>>(), ["orders.shop.bill.dlq", "returns.shop.bill.dlq"]);
}

#[stream_listener]
#[input("orders")]
#[output("copies")]
fn copy(orders: Messages<Order>) -> impl Stream<Item = Step<String>> {
    orders.map(|order| {
        let at = order.position().unwrap().to_string();
        order.map(|_| at)
    })
}

/// Ids of outputs are made from where a message really stands.
#[tokio::test(start_paused = true)]
async fn s15_09_a_stream_function_reads_several_destinations_and_ids_differ() {
    let mut capabilities = Capabilities::default();
    (capabilities.shared, capabilities.log, capabilities.message_ids) = (true, true, true);
    let mut bench = both();
    bench.binder = bench.binder.with_capabilities(capabilities);
    let (orders, returns) = (bench.input("orders"), bench.input("returns"));
    let running = bench.listen(listeners![copy]).await;
    orders.push([order(0)]);
    returns.push([order(0)]);
    orders.settled_at_least(1).await;
    returns.settled_at_least(1).await;
    running.stop().await;
    let mut texts = bench.texts("copies");
    texts.sort();
    assert_eq!(texts, [r#""orders/0@0""#, r#""returns/0@0""#]);
    let published = bench.published("copies");
    assert!(published.iter().all(|message| message.id.is_some()));
    assert_ne!(published[0].id, published[1].id);
}

#[stream_listener]
#[input("orders")]
async fn hang(_: Order) {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn s15_09_what_may_be_in_flight_is_shared_and_nobody_starves() {
    let bench = both().set("bindings.orders.max_in_flight=11").set("bindings.orders.deadline=off");
    let (orders, returns) = (bench.input("orders"), bench.input("returns"));
    orders.push((0..100).map(order));
    let running = bench.listen(listeners![hang]).await;
    settle_down().await;
    returns.push((0..100).map(order));
    settle_down().await;
    assert_eq!((orders.max_unsettled(), returns.max_unsettled()), (6, 5));
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn s15_09_what_is_taken_away_of_one_destination_goes_back_alone() {
    let bench = both();
    let (orders, returns) = (bench.input("orders"), bench.input("returns"));
    let app = App::new(Seen::default()).bind(listeners![bill]);
    let bindings = app.bindings();
    let running = bench.start(app).await.unwrap();
    let status = &bindings.list()[0];
    let names: Vec<_> = status.destinations.iter().map(Destination::as_str).collect();
    assert_eq!(names, ["orders", "returns"]);
    orders.push([order(1)]);
    returns.push([order(2)]);
    orders.settled_at_least(1).await;
    returns.settled_at_least(1).await;
    returns.push([order(9)]);
    settle_down().await;
    assert_eq!(returns.settled(), 1, "it waits to be tried again");
    orders.revoke(0);
    settle_down().await;
    assert_eq!(returns.settled(), 1, "what is taken away is of the other destination");
    returns.revoke(0);
    settle_down().await;
    assert_eq!(returns.settled(), 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn s15_09_the_end_of_one_destination_ends_the_input_and_closes_the_others() {
    let bench = both();
    let (orders, returns) = (bench.input("orders"), bench.input("returns"));
    let running = bench.start(App::new(Seen::default()).bind(listeners![bill])).await.unwrap();
    returns.fail(Error::new(ErrorKind::Broker, "deleted"));
    let ended = tokio::time::timeout(Duration::from_secs(5), running.ended()).await; // virtual
    assert_eq!(ended.unwrap(), Exit::Stopped);
    assert!(orders.closed() && returns.closed());
}

#[tokio::test(start_paused = true)]
async fn s15_09_an_error_of_binding_names_its_destination() {
    let bench = both();
    bench.input("returns").refuse_bind(Error::new(ErrorKind::Topology, "no such thing"));
    let error = bench.start(App::new(Seen::default()).bind(listeners![bill])).await.unwrap_err();
    assert!(error.to_string().contains("destination `returns`"), "{error}");
}
