//! How an application ends, and what the next one finds.

use binder::Running;
use binder::prelude::*;
use binder_core::Message;

use super::{ids, keyed, message};
use crate::contract::case::{Case, case};
use crate::contract::compare::{Verdict, ensure, equal, same, same_in_any_order, texts};
use crate::contract::reader::Reader;
use crate::contract::scene::Scene;
use crate::evidence::Ledger;
use crate::runtime::dice::Dice;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] = &[
    case!(c13_a_stop_under_random_completion_loses_and_doubles_nothing),
    case!(c13_an_application_that_is_dropped_loses_nothing),
    case!(c19_a_stop_waits_for_calls_and_confirmations),
];

const MESSAGES: usize = 100;

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: u64, State(probe): State<Probe>) -> u64 {
    probe.called(order, 1);
    probe.wait(order).await;
    order
}

fn app(probe: &Probe) -> App<Probe> {
    App::new(probe.clone()).bind(listeners![bill])
}

async fn many_at_once(scene: Scene) -> Verdict<Stage> {
    let stage = Stage::new(scene, &["orders", "invoices"]).await?;
    Ok(stage.set("bindings.orders.order=none").set("bindings.orders.concurrency=8"))
}

/// Lets `count` of the calls under way end, each time another one of the eight.
async fn end_at_random(stage: &Stage, probe: &Probe, dice: &mut Dice, count: usize) -> Verdict {
    for _ in 0..count {
        stage.within("eight calls", probe.waiting_at_least(8)).await?;
        let waiting = probe.waiting();
        probe.open_one(waiting[dice.below(waiting.len())]);
    }
    Ok(())
}

/// An application in the middle of its work: so many calls have ended in an order that the seed
/// chooses, eight are under way.
struct Begun {
    ledger: Ledger,
    invoices: Reader,
    probe: Probe,
    running: Running,
}

async fn begun(stage: &Stage, seed: u64, ended: usize) -> Verdict<Begun> {
    let invoices = stage.reader("invoices").await?;
    let sent: Vec<_> = (0..MESSAGES).map(|id| keyed(id, 16)).collect();
    let ledger = Ledger::of(&sent);
    let probe = Probe::default();
    let running = stage.start("shop", app(&probe)).await?;
    stage.writer("orders").await?.publish(sent).await?;
    end_at_random(stage, &probe, &mut Dice::new(seed), ended).await?;
    Ok(Begun { ledger, invoices, probe, running })
}

/// Calls end in any order, then the application is stopped: the next one gets what was not begun,
/// and nothing else.
async fn c13_a_stop_under_random_completion_loses_and_doubles_nothing(scene: Scene) -> Verdict {
    let stage = many_at_once(scene).await?;
    let Begun { mut ledger, mut invoices, probe: first, running } = begun(&stage, 13, 60).await?;
    let (stopped, ()) = tokio::join!(stage.stop(running), async { first.open_all() });
    stopped?;
    let begun = first.calls().len();
    let then = Probe::open();
    let running = stage.start("shop", app(&then)).await?;
    stage.collect(&mut ledger, &mut invoices, MESSAGES).await?;
    ledger.is_balanced()?;
    invoices.quiet("after every output has come").await?;
    stage.stop(running).await?;
    equal("calls of the second application", &(MESSAGES - begun), &then.calls().len())
}

/// The same, and the application is dropped without a stop: what it has not settled comes again.
async fn c13_an_application_that_is_dropped_loses_nothing(scene: Scene) -> Verdict {
    let stage = many_at_once(scene).await?;
    let Begun { mut ledger, mut invoices, probe: first, running } = begun(&stage, 31, 40).await?;
    let left = first.waiting();
    drop(running);
    let then = Probe::open();
    let running = stage.start("shop", app(&then)).await?;
    stage.collect(&mut ledger, &mut invoices, MESSAGES).await?;
    ledger.nothing_is_lost()?;
    let again = then.ids();
    for id in left {
        ensure(again.contains(&id.to_string()), || format!("`{id}` was begun and is lost"))?;
    }
    stage.stop(running).await
}

/// A stop while four calls are under way and outputs are unconfirmed waits for both.
async fn c19_a_stop_waits_for_calls_and_confirmations(scene: Scene) -> Verdict {
    let stage = many_at_once(scene).await?;
    let (orders, billed) = (stage.destination("orders")?, stage.destination("invoices")?);
    let mut invoices = stage.reader("invoices").await?;
    stage.tap.log.hold(&billed);
    let first = Probe::default();
    let running = stage.start("shop", app(&first)).await?;
    let writer = stage.writer("orders").await?;
    writer.publish((0..12).map(message)).await?;
    for id in 0..4 {
        stage.within("a call", first.called_with(id)).await?;
        first.open_one(id);
    }
    let log = &stage.tap.log;
    stage.within("four outputs", log.confirmed_at_least(&billed, 4)).await?;
    stage.within("eight calls", first.waiting_at_least(8)).await?;
    let end_of_calls = async {
        first.open_all();
        let confirmed =
            stage.within("outputs of a stop", log.confirmed_at_least(&billed, 12)).await;
        stage.quiet().await;
        let settled = log.acknowledged(&orders);
        log.let_go(&billed);
        confirmed?;
        ensure(settled.is_empty(), || format!("settled before confirmation: {settled:?}"))
    };
    let (stopped, ended) = tokio::join!(stage.stop(running), end_of_calls);
    stopped?;
    ended?;
    same_in_any_order("outputs", &ids(0..12), &texts(&invoices.take_and_settle(12).await?))?;

    let then = Probe::open();
    let running = stage.start("shop", app(&then)).await?;
    writer.publish([Message::new("99").with_key("key")]).await?;
    stage.within("the last message", then.called_with(99)).await?;
    stage.stop(running).await?;
    same("what the next application gets", &["99".to_owned()], &then.ids())
}
