//! A message with several outputs is settled with the last of them.

use binder::prelude::*;

use super::message;
use crate::contract::case::{Case, case};
use crate::contract::compare::{Verdict, ensure, equal, same, same_in_any_order, texts};
use crate::contract::scene::Scene;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;
use crate::runtime::tap::Refusal;

pub(super) const CASES: &[Case] = &[
    case!(c33_a_source_is_settled_when_all_outputs_are_confirmed),
    case!(c33_a_refused_output_is_sent_again_alone),
    case!(c33_an_output_refused_for_good_makes_its_source_a_dead_letter),
    case!(c33_an_output_for_nobody_makes_its_source_a_dead_letter, no_log),
];

#[stream_listener]
#[input("orders")]
#[output("invoices", "shipments")]
async fn split(order: u64, State(probe): State<Probe>) -> (u64, u64) {
    probe.called(order, 1);
    (order, order)
}

const BINDINGS: [&str; 3] = ["orders", "invoices", "shipments"];

fn app(probe: &Probe) -> App<Probe> {
    App::new(probe.clone()).bind(listeners![split])
}

async fn c33_a_source_is_settled_when_all_outputs_are_confirmed(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &BINDINGS).await?;
    let (orders, shipped) = (stage.destination("orders")?, stage.destination("shipments")?);
    let log = &stage.tap.log;
    log.hold(&shipped);
    let mut invoices = stage.reader("invoices").await?;
    let mut shipments = stage.reader("shipments").await?;
    let running = stage.start("shop", app(&Probe::default())).await?;
    stage.writer("orders").await?.publish([message(1)]).await?;
    let one = ["1".to_owned()];
    same("invoices", &one, &texts(&invoices.take_and_settle(1).await?))?;
    stage.within("a shipment", log.confirmed_at_least(&shipped, 1)).await?;
    stage.quiet().await;
    let early = log.acknowledged(&orders);
    ensure(early.is_empty(), || "settled with one of two outputs confirmed".into())?;
    log.let_go(&shipped);
    stage.within("settling", log.acknowledged_at_least(&orders, 1)).await?;
    same("shipments", &one, &texts(&shipments.take_and_settle(1).await?))?;
    stage.stop(running).await
}

/// Neither the function is called again nor the other output sent again.
async fn c33_a_refused_output_is_sent_again_alone(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &BINDINGS).await?.dead_letters("orders", 2)?;
    let (orders, shipped) = (stage.destination("orders")?, stage.destination("shipments")?);
    stage.tap.log.refuse(&shipped, &[Refusal::Transient, Refusal::Transient]);
    let mut invoices = stage.reader("invoices").await?;
    let mut shipments = stage.reader("shipments").await?;
    let mut dead = stage.reader("dead").await?;
    let probe = Probe::default();
    let running = stage.start("shop", app(&probe)).await?;
    stage.writer("orders").await?.publish((1..3).map(message)).await?;
    let both = ["1", "2"].map(String::from);
    same_in_any_order("invoices", &both, &texts(&invoices.take_and_settle(2).await?))?;
    same_in_any_order("shipments", &both, &texts(&shipments.take_and_settle(2).await?))?;
    let settled = stage.tap.log.acknowledged_at_least(&orders, 2);
    stage.within("settling", settled).await?;
    invoices.quiet("each invoice has come").await?;
    shipments.quiet("each shipment has come").await?;
    dead.quiet("a transient refusal is no failure").await?;
    equal("refusals", &2, &stage.tap.log.refused(&shipped))?;
    same("calls", &both, &probe.ids())?;
    stage.stop(running).await
}

async fn c33_an_output_refused_for_good_makes_its_source_a_dead_letter(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &BINDINGS).await?.dead_letters("orders", 2)?;
    let (orders, shipped) = (stage.destination("orders")?, stage.destination("shipments")?);
    stage.tap.log.refuse(&shipped, &[Refusal::Permanent]);
    let mut shipments = stage.reader("shipments").await?;
    let mut dead = stage.reader("dead").await?;
    let probe = Probe::default();
    let running = stage.start("shop", app(&probe)).await?;
    stage.writer("orders").await?.publish((1..3).map(message)).await?;
    let letters = dead.take_and_settle(1).await?;
    same("dead letters", &["1".to_owned()], &texts(&letters))?;
    equal("its class", &Some("permanent"), &letters[0].message.headers.text("x-failure-class"))?;
    same("shipments", &["2".to_owned()], &texts(&shipments.take_and_settle(1).await?))?;
    let settled = stage.tap.log.acknowledged_at_least(&orders, 2);
    stage.within("settling", settled).await?;
    dead.quiet("there is one dead letter").await?;
    same("calls", &["1", "2"].map(String::from), &probe.ids())?;
    stage.stop(running).await
}

/// Nobody can receive one of two outputs, which is to be a failure: its source is a dead letter.
/// Once somebody can, the next one goes through.
async fn c33_an_output_for_nobody_makes_its_source_a_dead_letter(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &BINDINGS)
        .await?
        .dead_letters("orders", 2)?
        .set("bindings.shipments.unrouted=fail");
    let mut invoices = stage.reader("invoices").await?;
    let mut dead = stage.reader("dead").await?;
    let probe = Probe::default();
    let running = stage.start("shop", app(&probe)).await?;
    let writer = stage.writer("orders").await?;
    writer.publish([message(1)]).await?;
    same("dead letters", &["1".to_owned()], &texts(&dead.take_and_settle(1).await?))?;
    let mut shipments = stage.reader("shipments").await?;
    writer.publish([message(2)]).await?;
    same("shipments", &["2".to_owned()], &texts(&shipments.take_and_settle(1).await?))?;
    let both = ["1", "2"].map(String::from);
    same_in_any_order("invoices", &both, &texts(&invoices.take_and_settle(2).await?))?;
    dead.quiet("there is one dead letter").await?;
    same("calls", &both, &probe.ids())?;
    stage.stop(running).await
}
