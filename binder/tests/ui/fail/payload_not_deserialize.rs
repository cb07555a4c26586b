use binder::prelude::*;

struct Order;

type Orders = Messages<Order>;

#[stream_listener]
#[input("in")]
async fn value(_: Order) {}

#[stream_listener]
#[input("in")]
async fn message(_: Message<Order>) {}

#[stream_listener]
#[input("in")]
fn stream(orders: Messages<Order>) -> impl Stream<Item = Step<()>> {
    orders.map(|order| order.map(drop))
}

#[stream_listener]
#[input("in")]
fn alias(orders: Orders) -> impl Stream<Item = Step<()>> {
    orders.map(|order| order.map(drop))
}

#[stream_listener]
#[input("in")]
fn any_stream(orders: impl Stream<Item = Message<Order>>) -> impl Stream<Item = Step<()>> {
    orders.map(|order| order.map(drop))
}

#[stream_listener]
#[input("in")]
fn extractor_first(_: State<()>, _: u8) {}

fn main() {
    let _ =
        App::new(()).bind(listeners![value, message, stream, alias, any_stream, extractor_first]);
}
