//! The first example of the design.

use std::fmt;

use binder::prelude::*;
use futures::stream;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Order {
    id: u64,
    sku: String,
    qty: u32,
}

#[derive(Serialize, Deserialize)]
struct Invoice {
    order: u64,
    cents: u64,
}

#[derive(Serialize)]
struct Shipment {
    order: u64,
}

#[derive(Serialize, Clone, Copy)]
struct Total {
    order: u64,
    sum: u64,
}

impl Total {
    fn checked(order: u64, sum: u64) -> std::result::Result<Self, PriceError> {
        Ok(Self { order, sum })
    }
}

#[derive(Serialize)]
struct Beat;

impl Beat {
    fn now() -> Self {
        Self
    }
}

#[derive(Clone)]
struct Prices;

#[derive(Debug)]
enum PriceError {
    UnknownSku(String),
    Busy,
}

impl fmt::Display for PriceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSku(sku) => write!(f, "no price for {sku}"),
            Self::Busy => f.write_str("busy"),
        }
    }
}

impl std::error::Error for PriceError {}

impl Prices {
    async fn of(&self, sku: &str) -> std::result::Result<u64, PriceError> {
        match sku {
            "book" => Ok(250),
            "slow" => Err(PriceError::Busy),
            sku => Err(PriceError::UnknownSku(sku.to_owned())),
        }
    }
}

#[derive(Clone)]
struct AppState {
    prices: Prices,
}

impl FromRef<AppState> for Prices {
    fn from_ref(state: &AppState) -> Self {
        state.prices.clone()
    }
}

/// Price an order, bill it, ship it.
#[stream_listener]
#[input("orders")]
#[output("invoices", "shipments")]
async fn enrich(
    order: Order,
    State(prices): State<Prices>,
) -> Result<(Out<Invoice>, Option<Shipment>)> {
    let cents = match prices.of(&order.sku).await {
        Err(e @ PriceError::UnknownSku(_)) => Err(e).permanent()?,
        other => other?,
    };
    let invoice = Invoice { order: order.id, cents: cents * u64::from(order.qty) };
    Ok((
        Out::new(invoice).key(order.id.to_string()),
        (order.qty > 0).then_some(Shipment { order: order.id }),
    ))
}

/// A running total; a bad invoice is retried or dead-lettered, the stream lives on.
#[stream_listener]
#[input("invoices")]
#[output("totals")]
fn totals(invoices: Messages<Invoice>) -> impl Stream<Item = Step<Total>> {
    let mut sum = 0;
    invoices.map(move |m| {
        m.try_map(|i| {
            let total = Total::checked(i.order, sum + i.cents)?;
            sum = total.sum;
            Ok(total)
        })
    })
}

#[stream_emitter]
#[output("heartbeats")]
fn beat() -> impl Stream<Item = Beat> {
    stream::iter([()]).map(|_| Beat::now())
}

/// Compiled and not run: it would go on until a signal.
#[allow(dead_code)]
mod program {
    use super::*;

    #[enable_binding]
    async fn main() -> Result<App<AppState>> {
        Ok(App::new(AppState { prices: Prices })
            .bind(listeners![enrich, totals])
            .emit(emitters![beat]))
    }
}

fn main() {}
