//! What has failed for good is kept as it came.

use binder::prelude::*;
use binder_core::Message;

use super::message;
use crate::contract::case::{Case, case};
use crate::contract::compare::{
    Failure, Verdict, ensure, equal, same, same_in_any_order, text, texts,
};
use crate::contract::scene::Scene;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] = &[
    case!(c25_a_dead_letter_is_the_message_and_says_why),
    case!(c25_a_dead_letter_is_confirmed_before_its_source_is_settled),
    case!(c26_what_cannot_be_decoded_never_reaches_the_function),
];

/// Fails at message 7, always.
#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn fussy(order: u64, attempt: Attempt, State(probe): State<Probe>) -> Result<u64> {
    probe.called(order, attempt.0);
    if order == 7 { Err(binder::Error::msg("no price\nfor seven")) } else { Ok(order) }
}

fn app(probe: &Probe) -> App<Probe> {
    App::new(probe.clone()).bind(listeners![fussy])
}

/// The headers that the sender wrote, sorted: a broker may keep them in any order.
fn written(message: &Message) -> Vec<(Bytes, Option<Bytes>)> {
    let mut headers: Vec<_> = message
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with(b"app-") || name.starts_with(b"App-"))
        .map(|(name, value)| (name.clone(), value.cloned()))
        .collect();
    headers.sort();
    headers
}

async fn c25_a_dead_letter_is_the_message_and_says_why(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders", "invoices"]).await?.dead_letters("orders", 2)?;
    let mut dead = stage.reader("dead").await?;
    let probe = Probe::default();
    let running = stage.start("shop", app(&probe)).await?;
    let mut bad = message(7)
        .with_header("app-tag", "1")
        .with_header("App-Case", "Kept")
        .with_header("app-binary", &[0_u8, 159, 146, 150][..])
        .with_header("app-tag", "2");
    bad.headers.push("app-null", None);
    stage.writer("orders").await?.publish([bad.clone()]).await?;
    let letter = dead.take_and_settle(1).await?.pop();
    let letter = letter.ok_or_else(|| Failure::new("no dead letter came"))?.message;
    stage.stop(running).await?;

    equal("the payload", &bad.payload, &letter.payload)?;
    equal("the key", &bad.key, &letter.key)?;
    equal("the sender's headers", &written(&bad), &written(&letter))?;
    equal("calls", &2, &probe.calls().len())?;
    let group = format!("{}.fussy", stage.launch("shop")?.name);
    for (name, value) in [
        ("x-original-destination", stage.destination("orders")?.as_str()),
        ("x-original-binding", "orders"),
        ("x-original-group", group.as_str()),
        ("x-failure-class", "error"),
        ("x-failure-cause", "no price for seven"),
        ("x-failure-attempts", "2"),
    ] {
        equal(name, &Some(value), &letter.headers.text(name))?;
    }
    for name in ["x-original-partition", "x-original-position", "x-failure-at"] {
        let value = letter.headers.text(name).map(str::parse::<u64>);
        ensure(matches!(value, Some(Ok(_))), || format!("`{name}` is {value:?}, no number"))?;
    }
    Ok(())
}

/// The dead letter is at the broker and unconfirmed: its source is unsettled. Stopped at once
/// after the confirmation, nothing comes again.
async fn c25_a_dead_letter_is_confirmed_before_its_source_is_settled(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders", "invoices"]).await?.dead_letters("orders", 2)?;
    let (orders, letters) = (stage.destination("orders")?, stage.destination("dead")?);
    let log = &stage.tap.log;
    log.hold(&letters);
    let mut dead = stage.reader("dead").await?;
    let running = stage.start("shop", app(&Probe::default())).await?;
    let writer = stage.writer("orders").await?;
    writer.publish([message(7)]).await?;
    stage.within("a dead letter", log.confirmed_at_least(&letters, 1)).await?;
    stage.quiet().await;
    let early = log.acknowledged(&orders);
    ensure(early.is_empty(), || "settled before its dead letter was confirmed".into())?;
    log.let_go(&letters);
    stage.stop(running).await?;
    same("settled", &["7".to_owned()], &log.acknowledged(&orders))?;

    let then = Probe::default();
    let running = stage.start("shop", app(&then)).await?;
    writer.publish([message(8)]).await?;
    stage.within("the next message", then.called_with(8)).await?;
    stage.stop(running).await?;
    same("what the next application gets", &["8".to_owned()], &then.ids())?;
    same("dead letters", &["7".to_owned()], &texts(&dead.take_and_settle(1).await?))?;
    dead.quiet("there is one dead letter").await
}

async fn c26_what_cannot_be_decoded_never_reaches_the_function(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders", "invoices"]).await?.dead_letters("orders", 3)?;
    let mut dead = stage.reader("dead").await?;
    let mut invoices = stage.reader("invoices").await?;
    let probe = Probe::default();
    let running = stage.start("shop", app(&probe)).await?;
    let poison = Message::new("{ no number").with_key("key");
    let tombstone = Message { key: Some("key".into()), ..Message::default() };
    let sent = [message(1), poison, message(2), tombstone, message(3)];
    stage.writer("orders").await?.publish(sent).await?;
    let good = ["1", "2", "3"].map(String::from);
    same_in_any_order("outputs", &good, &texts(&invoices.take_and_settle(3).await?))?;
    let letters = dead.take_and_settle(2).await?;
    stage.stop(running).await?;
    same("dead letters", &["{ no number", "(null)"].map(String::from), &texts(&letters))?;
    for letter in &letters {
        let headers = &letter.message.headers;
        let of = text(&letter.message);
        let what = |header: &str| format!("`{header}` of `{of}`");
        let class = headers.text("x-failure-class");
        equal(&what("x-failure-class"), &Some("undecodable"), &class)?;
        let attempts = headers.text("x-failure-attempts");
        equal(&what("x-failure-attempts"), &Some("1"), &attempts)?;
    }
    same("calls", &good, &probe.ids())
}
