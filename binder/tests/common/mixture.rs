//! One stream function that meets every kind of bad message among many good ones, on any binder.

use std::collections::BTreeMap;
use std::panic::resume_unwind;

use binder::Error;
use binder::prelude::*;
use futures::stream;
use serde::{Deserialize, Serialize};

use crate::arrivals::Arrivals;

const MESSAGES: usize = 100_000;

/// What is wrong with a message: 5% fail once, 1% always, 1% cannot be read, 0.1% panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    FailsOnce,
    Fails,
    Unreadable,
    Panics,
}

fn kind(id: usize) -> Kind {
    match id % 1_000 {
        0 => Kind::Panics,
        n if n % 100 == 1 => Kind::Fails,
        n if n % 100 == 2 => Kind::Unreadable,
        n if n % 20 == 3 => Kind::FailsOnce,
        _ => Kind::Good,
    }
}

#[derive(Serialize, Deserialize)]
struct Order {
    id: usize,
}

/// What arrives as it should, and what does not.
#[derive(Clone, Default)]
pub(crate) struct Shop {
    good: Arrivals,
    dead: Arrivals,
}

/// The application.
pub(crate) fn app(shop: &Shop) -> App<Shop> {
    App::new(shop.clone()).bind(listeners![bill, book, reject]).emit(emitters![orders])
}

/// What it needs to be told: where dead letters go, and a back-off that takes no time.
pub(crate) fn settings(rejects: &str) -> [String; 2] {
    let dead_letter = format!("bindings.orders.dead_letter={rejects}");
    [dead_letter, "bindings.orders.retry.backoff.initial=10ms".to_owned()]
}

impl Shop {
    /// Waits until everything has arrived.
    pub(crate) async fn is_complete(&self) {
        let (good, dead) = expected();
        self.dead.at_least(dead.len()).await;
        self.good.at_least(good.len()).await;
    }

    /// The first few that are not there exactly once, or with another cause.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let (good, dead) = expected();
        let mut wrong = differences("good", &good, &self.good.by_name());
        wrong.extend(differences("dead", &dead, &self.dead.by_name()));
        wrong
    }
}

#[stream_emitter]
#[output("orders")]
fn orders() -> impl Stream<Item = Out<Bytes>> {
    stream::iter((0..MESSAGES).map(|id| {
        let text = match kind(id) {
            Kind::Unreadable => format!("order {id}"),
            _ => format!("{{\"id\":{id}}}"),
        };
        let key = (id % 1_000).to_string();
        Out::new(Bytes::from(text)).key(key).content_type("application/json")
    }))
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
fn bill(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
    let bill = |message: Message<Order>| {
        let attempt = message.attempt();
        message.and_then(move |order| async move {
            tokio::task::yield_now().await;
            match kind(order.id) {
                Kind::Fails => Err(Error::msg("no price")),
                Kind::FailsOnce if attempt == 1 => Err(Error::msg("busy")),
                // Unlike `panic!`, this says nothing on standard error.
                Kind::Panics => resume_unwind(Box::new("not a number")),
                _ => Ok(order),
            }
        })
    };
    orders.map(bill).buffer_unordered(16)
}

#[stream_listener]
#[input("invoices")]
async fn book(order: Order, State(shop): State<Shop>) {
    shop.good.add(order.id.to_string());
}

#[stream_listener]
#[input("rejects")]
async fn reject(order: Message<Bytes>, State(shop): State<Shop>) {
    let text = |name| order.headers().text(name).unwrap_or("nothing");
    let payload = String::from_utf8_lossy(order.payload());
    let id: String = payload.chars().filter(char::is_ascii_digit).collect();
    let (class, attempts) = (text("x-failure-class"), text("x-failure-attempts"));
    let cause = match class {
        "undecodable" => "",
        _ => text("x-failure-cause"),
    };
    shop.dead.add(format!("{id} {class} {attempts} {cause}"));
}

fn expected() -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
    let (mut good, mut dead) = (BTreeMap::new(), BTreeMap::new());
    for id in 0..MESSAGES {
        match kind(id) {
            Kind::Good | Kind::FailsOnce => good.insert(id.to_string(), 1),
            Kind::Fails => dead.insert(format!("{id} error 3 no price"), 1),
            Kind::Unreadable => dead.insert(format!("{id} undecodable 1 "), 1),
            Kind::Panics => dead.insert(format!("{id} panic 3 not a number"), 1),
        };
    }
    (good, dead)
}

/// The first few that are not as expected.
fn differences(
    name: &str,
    expected: &BTreeMap<String, usize>,
    found: &BTreeMap<String, usize>,
) -> Vec<String> {
    let missing = expected.keys().filter(|key| !found.contains_key(*key));
    let missing = missing.map(|key| format!("{name}: missing {key}"));
    let wrong = found.iter().filter(|(key, count)| expected.get(*key) != Some(*count));
    let wrong = wrong.map(|(key, count)| format!("{name}: {count} times {key}"));
    missing.chain(wrong).take(10).collect()
}
