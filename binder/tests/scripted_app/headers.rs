//! Which headers cross from input to output.

use binder::prelude::*;
use binder_core::message as wire;

use crate::bench::{Bench, Order, order};

#[stream_listener]
#[input("orders")]
#[output("invoices", "shipments")]
async fn bill(order: Order) -> (Out<Order>, Order) {
    (Out::new(order.clone()).header("own", "output"), order)
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
fn stream(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
    orders.map(|message| message.map(|order| order))
}

fn names(message: &wire::Message) -> Vec<String> {
    message.headers.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
}

fn dressed() -> wire::Message {
    let mut message = order(1)
        .with_key("k")
        .with_header("run", "r")
        .with_header("own", "input")
        .with_header("contentType", "application/json")
        .with_header("x-failure-cause", "of an earlier life");
    message.headers.push("empty", None);
    message
}

async fn outputs(bench: &Bench) -> (wire::Message, wire::Message) {
    bench.input("orders").push([dressed()]);
    let running = bench.listen(listeners![bill]).await;
    bench.input("orders").settled_at_least(1).await;
    running.stop().await;
    (bench.published("invoices").remove(0), bench.published("shipments").remove(0))
}

#[tokio::test(start_paused = true)]
async fn s15_10_application_headers_are_copied_to_every_output_and_nothing_else_is() {
    let (invoice, shipment) = outputs(&Bench::new()).await;
    assert_eq!(names(&invoice), ["own", "run", "empty"]);
    assert_eq!(invoice.headers.text("own"), Some("output"), "the output's own comes first");
    assert_eq!(names(&shipment), ["run", "own", "empty"]);
    assert_eq!(shipment.headers.text("own"), Some("input"));
    assert_eq!((invoice.key, shipment.key), (None, None), "a key is not a header");
}

#[tokio::test(start_paused = true)]
async fn copying_can_be_turned_off_on_either_side() {
    let of_input = Bench::new().set("bindings.orders.copy_headers=false");
    let (invoice, shipment) = outputs(&of_input).await;
    assert_eq!((names(&invoice), names(&shipment)), (vec!["own".to_owned()], vec![]));
    let of_output = Bench::new().set("bindings.shipments.copy_headers=false");
    let (invoice, shipment) = outputs(&of_output).await;
    assert_eq!((names(&invoice).len(), names(&shipment)), (3, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_stream_function_s_outputs_inherit_them_too() {
    let bench = Bench::new();
    bench.input("orders").push([dressed()]);
    let running = bench.listen(listeners![stream]).await;
    bench.input("orders").settled_at_least(1).await;
    running.stop().await;
    assert_eq!(names(&bench.published("invoices")[0]), ["run", "own", "empty"]);
}
