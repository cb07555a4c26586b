//! One binding that ends does not end the others.

use binder::prelude::*;

use super::{ids, message, status};
use crate::contract::case::{Case, case};
use crate::contract::compare::{Verdict, equal, same, texts};
use crate::contract::scene::Scene;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] = &[case!(c48_a_binding_that_stops_leaves_the_others_alone)];

/// Fails at order 1 while its doors are shut, once that of order 0 was opened.
#[stream_listener]
#[input("orders")]
async fn doomed(order: u64, State(probe): State<Probe>) -> Result<()> {
    probe.called(order, 1);
    if order == 0 {
        probe.wait(order).await;
    }
    if order == 1 && probe.is_shut() { Err(binder::Error::msg("one")) } else { Ok(()) }
}

#[stream_listener]
#[input("letters")]
#[output("copies")]
async fn copy(letter: u64) -> u64 {
    letter
}

#[stream_listener]
#[input("parcels")]
#[output("receipts")]
async fn receive(parcel: u64) -> u64 {
    parcel
}

/// A function without a dead letter stops at a message, which stays unsettled; the others go on.
/// Started again, it goes on at that message.
async fn c48_a_binding_that_stops_leaves_the_others_alone(scene: Scene) -> Verdict {
    let bindings = ["orders", "letters", "copies", "parcels", "receipts"];
    let stage = Stage::new(scene, &bindings).await?.set("bindings.orders.retry.max_attempts=1");
    let mut copies = stage.reader("copies").await?;
    let mut receipts = stage.reader("receipts").await?;
    let app = |probe: &Probe| App::new(probe.clone()).bind(listeners![doomed, copy, receive]);
    let probe = Probe::default();
    let application = app(&probe);
    let bindings = application.bindings();
    let running = stage.start("shop", application).await?;
    let (letters, parcels) = (stage.writer("letters").await?, stage.writer("parcels").await?);
    stage.writer("orders").await?.publish((0..3).map(message)).await?;
    // What comes after the message is here before it fails, and has to go back.
    status::until(&stage, &bindings, |orders| orders.in_flight == 3).await?;
    probe.open_one(0);
    stage.within("the failing call", probe.called_with(1)).await?;
    for id in 0..5 {
        let sent = [id.to_string()];
        letters.publish([message(id)]).await?;
        parcels.publish([message(id)]).await?;
        same("copies", &sent, &texts(&copies.take_and_settle(1).await?))?;
        same("receipts", &sent, &texts(&receipts.take_and_settle(1).await?))?;
    }
    stage.stop(running).await?;
    same("calls of the function that failed", &ids(0..2), &probe.ids())?;
    let settled = stage.tap.log.acknowledged(&stage.destination("orders")?);
    equal("settled of it", &ids(0..1), &settled)?;

    let then = Probe::open();
    let running = stage.start("shop", app(&then)).await?;
    stage.within("the last message", then.called_with(2)).await?;
    stage.stop(running).await?;
    same("where it goes on", &ids(1..3), &then.ids())
}
