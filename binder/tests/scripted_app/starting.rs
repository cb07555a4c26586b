//! The order in which an application starts.

use std::sync::Arc;

use binder::prelude::*;
use binder_core::Topology;
use binder_testkit::script::ScriptEvent;
use futures::stream;

use crate::bench::{Bench, Order, order, settle_down};

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order) -> Order {
    order
}

#[stream_listener]
#[input("invoices")]
async fn book(_: Order) {}

#[stream_emitter]
#[output("orders")]
fn shop() -> impl Stream<Item = Order> {
    stream::iter((0..3).map(|id| Order { id }))
}

fn app() -> App {
    App::new(()).bind(listeners![bill, book]).emit(emitters![shop])
}

/// Where an event stands; each of these comes once.
fn place(bench: &Bench, event: &ScriptEvent) -> usize {
    let events = bench.binder.events();
    let places: Vec<_> =
        events.iter().enumerate().filter(|(_, other)| *other == event).map(|(at, _)| at).collect();
    assert_eq!(places.len(), 1, "{event:?} in {events:?}");
    places[0]
}

#[tokio::test(start_paused = true)]
async fn s15_15_provision_outputs_inputs_until_each_is_assigned_then_emitters() {
    let bench = Bench::new();
    let (orders, invoices) =
        (bench.input("orders").assigned_late(), bench.input("invoices").assigned_late());
    let starting = bench.start(app());
    tokio::pin!(starting);
    tokio::select! {
        _ = &mut starting => panic!("started although no input is assigned"),
        () = settle_down() => {}
    }
    orders.assign();
    tokio::select! {
        _ = &mut starting => panic!("started although one input is not assigned"),
        () = settle_down() => {}
    }
    assert_eq!(bench.published("orders"), [], "emitted before every input was assigned");
    invoices.assign();
    let running = starting.await.unwrap();
    bench.binder.output("orders").published_at_least(3).await;

    let of = |event: fn(String) -> ScriptEvent, name: &str| place(&bench, &event(name.to_owned()));
    let bound_outputs =
        ["orders", "invoices"].map(|name| of(ScriptEvent::BoundOutput, name)).into_iter();
    let bound_inputs =
        ["orders", "invoices"].map(|name| of(ScriptEvent::BoundInput, name)).into_iter();
    let assigned = ["orders", "invoices"].map(|name| of(ScriptEvent::Assigned, name)).into_iter();
    assert_eq!(place(&bench, &ScriptEvent::Provisioned), 0);
    assert!(bound_outputs.max() < bound_inputs.clone().min());
    assert!(bound_inputs.max() < assigned.clone().min());
    assert!(assigned.max() < Some(of(ScriptEvent::FirstPublished, "orders")));
    running.stop().await;
}

fn names(topology: &Topology) -> (Vec<String>, Vec<String>, Vec<String>) {
    let consumers = topology.consumers.iter().map(|consumer| {
        let group = consumer.group.as_ref().map(ToString::to_string);
        format!("{} {}", consumer.destination, group.unwrap_or_default())
    });
    let producers = topology.producers.iter().map(|producer| producer.destination.to_string());
    let letters = topology.dead_letters.iter().map(|letter| letter.destination.to_string());
    (consumers.collect(), producers.collect(), letters.collect())
}

#[tokio::test(start_paused = true)]
async fn what_only_leaves_out_is_provisioned_too_and_not_bound() {
    let bench = Bench::new().only("bill").set("bindings.invoices.dead_letter=true");
    let running = bench.start(app()).await.unwrap();
    let (mut consumers, mut producers, letters) = names(&bench.binder.topology().unwrap());
    consumers.sort();
    producers.sort();
    assert_eq!(consumers, ["invoices shop.book", "orders shop.bill"]);
    assert_eq!(producers, ["invoices", "orders"]);
    assert_eq!(letters, ["invoices.shop.book.dlq"]);
    assert!(bench.input("orders").bound());
    assert!(!bench.input("invoices").bound());
    assert!(bench.binder.output("invoices").spec().is_some());
    assert!(bench.binder.output("orders").spec().is_none());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_emitter_leaves_in_the_state_is_there_before_the_first_message() {
    #[derive(Clone, Default)]
    struct Log(Arc<std::sync::Mutex<Vec<&'static str>>>);

    #[stream_listener]
    #[input("orders")]
    async fn reads(_: Order, State(log): State<Log>) {
        log.0.lock().unwrap().push("message");
    }

    #[stream_emitter]
    #[output("elsewhere")]
    fn writes(State(log): State<Log>) -> impl Stream<Item = Order> {
        log.0.lock().unwrap().push("emitter");
        stream::empty()
    }

    let bench = Bench::new();
    bench.input("orders").push([order(1)]);
    let log = Log::default();
    let app = App::new(log.clone()).bind(listeners![reads]).emit(emitters![writes]);
    let running = bench.start(app).await.unwrap();
    bench.input("orders").settled_at_least(1).await;
    running.stop().await;
    assert_eq!(*log.0.lock().unwrap(), ["emitter", "message"]);
}

#[tokio::test(start_paused = true)]
async fn two_functions_of_one_input_get_every_message_each() {
    #[stream_listener]
    #[input("orders")]
    #[output("copies")]
    async fn copy(order: Order) -> Order {
        order
    }

    let bench = Bench::new();
    let (billed, copied) = (
        bench.binder.input_of("orders", "shop.bill"),
        bench.binder.input_of("orders", "shop.copy"),
    );
    billed.push((0..5).map(order));
    copied.push((0..5).map(order));
    let running = bench.listen(listeners![bill, copy]).await;
    billed.settled_at_least(5).await;
    copied.settled_at_least(5).await;
    running.stop().await;
    assert_eq!(bench.texts("invoices"), bench.texts("copies"));
    assert_eq!(bench.published("copies").len(), 5);
}
