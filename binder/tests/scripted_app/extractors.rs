//! Every parameter of a listener.

use std::sync::{Arc, Mutex};

use binder::prelude::*;
use binder_core::message as wire;

use crate::bench::{Bench, Order, order};

/// What a function was called with.
type Seen = Arc<Mutex<Vec<String>>>;

#[derive(Clone, Default)]
struct Shop {
    seen: Seen,
    name: String,
}

impl FromRef<Shop> for Seen {
    fn from_ref(shop: &Shop) -> Self {
        shop.seen.clone()
    }
}

/// One message through one listener: what it was called with.
async fn seen(listener: Vec<binder::Registered<Shop>>, message: wire::Message) -> Vec<String> {
    let bench = Bench::new();
    let orders = bench.input("orders");
    orders.push_tried(message, 1);
    let shop = Shop { name: "corner shop".to_owned(), ..Shop::default() };
    let running = bench.start(App::new(shop.clone()).bind(listener)).await.unwrap();
    orders.settled_at_least(1).await;
    running.stop().await;
    shop.seen.lock().unwrap().clone()
}

#[stream_listener]
#[input("orders")]
async fn everything(
    order: Order,
    headers: Headers,
    key: Key,
    State(seen): State<Seen>,
    attempt: Attempt,
    shop: State<Shop>,
) {
    let (trace, key) = (headers.text("trace"), key.text());
    let text = format!("{order:?} {trace:?} {key:?} {} {}", attempt.0, shop.name);
    seen.lock().unwrap().push(text);
}

#[tokio::test(start_paused = true)]
async fn state_and_parts_of_it_headers_key_and_attempt_stand_beside_the_payload() {
    let message = order(1).with_key("k").with_header("trace", "t");
    let expected = r#"Order { id: 1 } Some("t") Some("k") 2 corner shop"#;
    assert_eq!(seen(listeners![everything], message).await, [expected]);
    let bare = "Order { id: 1 } None None 2 corner shop";
    assert_eq!(seen(listeners![everything], order(1)).await, [bare]);
}

#[stream_listener]
#[input("orders")]
async fn whole(message: Message<Order>, State(seen): State<Seen>) {
    let (key, trace) = (message.key(), message.headers().text("trace"));
    let place = message.position().map(ToString::to_string);
    let text = format!("{key:?} {trace:?} {} {place:?} {}", message.id(), message.attempt());
    seen.lock().unwrap().push(format!("{:?} {text}", message.payload()));
}

#[tokio::test(start_paused = true)]
async fn a_message_has_them_all() {
    let mut message = order(1).with_key("k").with_header("trace", "t");
    let place = "Some(\"orders/0@0\")";
    let text = format!("Order {{ id: 1 }} Some(b\"k\") Some(\"t\") orders/0@0 {place} 2");
    assert_eq!(seen(listeners![whole], message.clone()).await, [text]);
    message.id = Some("given".into());
    let text = format!("Order {{ id: 1 }} Some(b\"k\") Some(\"t\") given {place} 2");
    assert_eq!(seen(listeners![whole], message).await, [text]);
}

#[stream_listener]
#[input("orders")]
async fn bytes(payload: Message<Bytes>, State(seen): State<Seen>) {
    seen.lock().unwrap().push(format!("{:?}", payload.into_payload()));
}

#[tokio::test(start_paused = true)]
async fn bytes_are_not_decoded_in_a_message_either() {
    let message = wire::Message::new("no json");
    assert_eq!(seen(listeners![bytes], message).await, ["b\"no json\""]);
}

/// An extractor of the application's own.
struct Tenant(String);

impl binder::FromCall for Tenant {
    type State = Shop;

    fn from_call(call: &binder::Call<'_>, shop: Shop) -> Result<Self> {
        let tenant = call.message.headers.text("tenant");
        let tenant = tenant.ok_or_else(|| binder::Error::msg("no tenant").permanent())?;
        Ok(Self(format!("{tenant} of {}", shop.name)))
    }
}

#[stream_listener]
#[input("orders")]
async fn of_tenant(_: Order, Tenant(tenant): Tenant, State(seen): State<Seen>) {
    seen.lock().unwrap().push(tenant);
}

#[tokio::test(start_paused = true)]
async fn an_extractor_of_the_application_s_own_may_fail_the_message() {
    let message = order(1).with_header("tenant", "t");
    assert_eq!(seen(listeners![of_tenant], message).await, ["t of corner shop"]);

    let bench = Bench::new().set("bindings.orders.dead_letter=dead");
    let orders = bench.input("orders");
    orders.push([order(1)]);
    let app = App::new(Shop::default()).bind(listeners![of_tenant]);
    let running = bench.start(app).await.unwrap();
    orders.settled_at_least(1).await;
    running.stop().await;
    let headers = &bench.published("dead")[0].headers;
    assert_eq!(headers.text("x-failure-cause"), Some("no tenant"));
    assert_eq!(headers.text("x-failure-attempts"), Some("1"));
}
