//! What an operator sees of a binding.

use std::time::Duration;

use binder::prelude::*;
use binder::{Bindings, Error, InputState, InputStatus};

use super::{ids, message};
use crate::contract::case::{Case, case};
use crate::contract::compare::{Failure, Verdict, ensure, equal, same};
use crate::contract::scene::Scene;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] = &[
    case!(c46_a_binding_shows_its_state_and_counts),
    case!(c46_a_binding_that_stops_says_why_and_where_and_starts_there_again),
];

/// Order 1 fails once, order 2 always; each waits behind its door.
#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: u64, attempt: Attempt, State(probe): State<Probe>) -> Result<u64> {
    probe.called(order, attempt.0);
    probe.wait(order).await;
    match (order, attempt.0) {
        (1, 1) | (2, _) => Err(Error::msg("no price")),
        _ => Ok(order),
    }
}

/// Fails at order 1 while its doors are shut, once that of order 0 was opened.
#[stream_listener]
#[input("orders")]
async fn doomed(order: u64, State(probe): State<Probe>) -> Result<()> {
    probe.called(order, 1);
    if order == 0 {
        probe.wait(order).await;
    }
    if order == 1 && probe.is_shut() { Err(Error::msg("no price")) } else { Ok(()) }
}

fn orders(bindings: &Bindings) -> Verdict<InputStatus> {
    let mut listed = bindings.list().into_iter();
    listed
        .find(|input| input.binding == "orders")
        .ok_or_else(|| Failure::new("the input `orders` is not listed"))
}

fn is(bindings: &Bindings, state: InputState, ready: bool) -> Verdict {
    equal("state and readiness", &(state, ready), &(orders(bindings)?.state, bindings.is_ready()))
}

/// The status of `orders`, once it is as it should be.
pub(super) async fn until(
    stage: &Stage,
    bindings: &Bindings,
    holds: impl Fn(&InputStatus) -> bool,
) -> Verdict<InputStatus> {
    let waiting = async {
        loop {
            let status = orders(bindings)?;
            if holds(&status) {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    stage.within("a status", waiting).await?
}

/// What is in flight is seen with its age; what became of messages is counted, through a stop and a
/// start.
async fn c46_a_binding_shows_its_state_and_counts(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders", "invoices"]).await?.dead_letters("orders", 2)?;
    let (source, probe) = (stage.destination("orders")?, Probe::default());
    let application = App::new(probe.clone()).bind(listeners![bill]);
    let bindings = application.bindings();
    ensure(!bindings.is_ready(), || "ready before the start".to_owned())?;
    // Somebody reads what it writes, on a binder that keeps nothing for later readers.
    let _dead = stage.reader("dead").await?;
    let mut invoices = stage.reader("invoices").await?;
    let running = stage.start("shop", application).await?;
    is(&bindings, InputState::Running, true)?;
    stage.writer("orders").await?.publish((0..10).map(message)).await?;
    stage.within("a call", probe.waiting_at_least(1)).await?;
    let status = orders(&bindings)?;
    ensure(status.in_flight > 0 && status.oldest.is_some(), || format!("nothing: {status:?}"))?;
    probe.open_all();
    stage.within("acknowledgements", stage.tap.log.acknowledged_at_least(&source, 10)).await?;
    invoices.take_and_settle(9).await?;

    stage.within("stopping", bindings.stop("orders")).await??;
    is(&bindings, InputState::Stopped, true)?;
    stage.within("starting", bindings.start("orders")).await??;
    is(&bindings, InputState::Running, true)?;
    stage.writer("orders").await?.publish([message(10)]).await?;
    stage.within("acknowledgements", stage.tap.log.acknowledged_at_least(&source, 11)).await?;
    let status = orders(&bindings)?;
    let counts = status.counts;
    let found = [counts.received, counts.acknowledged, counts.released, counts.dropped];
    equal("received, acknowledged, released, dropped", &[11, 11, 0, 0], &found)?;
    let found = [counts.failed, counts.retried, counts.dead_lettered];
    equal("failed, retried, dead-lettered", &[3, 2, 1], &found)?;
    equal("confirmed, refused", &[11, 0], &[counts.confirmed, counts.refused])?;
    let last = status.last_error.map(|last| last.text).unwrap_or_default();
    ensure(last.contains("no price"), || format!("the last error is `{last}`"))?;
    stage.stop(running).await
}

/// A message without a dead letter stops its binding: position and remedies are shown, the
/// application is not ready. It starts again at that message.
async fn c46_a_binding_that_stops_says_why_and_where_and_starts_there_again(
    scene: Scene,
) -> Verdict {
    let stage = Stage::new(scene, &["orders"]).await?.set("bindings.orders.retry.max_attempts=1");
    let (source, probe) = (stage.destination("orders")?, Probe::default());
    let application = App::new(probe.clone()).bind(listeners![doomed]);
    let bindings = application.bindings();
    let running = stage.start("shop", application).await?;
    stage.writer("orders").await?.publish((0..3).map(message)).await?;
    // What comes after the message is here before it fails, and has to go back.
    until(&stage, &bindings, |status| status.in_flight == 3).await?;
    probe.open_one(0);
    let status = until(&stage, &bindings, |status| status.state == InputState::Stopped).await?;
    is(&bindings, InputState::Stopped, false)?;
    let stopped = status.stopped.ok_or_else(|| Failure::new("it does not say why"))?;
    let position = stopped.position.ok_or_else(|| Failure::new("it does not say where"))?;
    let wanted = [&position.to_string(), "no price", "dead_letter = true", "on_exhausted"];
    let missing: Vec<_> = wanted.iter().filter(|word| !stopped.text.contains(**word)).collect();
    ensure(missing.is_empty(), || format!("{missing:?} not in: {}", stopped.text))?;
    same("acknowledged", &ids(0..1), &stage.tap.log.acknowledged(&source))?;

    probe.open_all();
    stage.within("starting", bindings.start("orders")).await??;
    is(&bindings, InputState::Running, true)?;
    stage.within("the last message", probe.called_with(2)).await?;
    stage.stop(running).await?;
    same("calls", &["0", "1", "1", "2"].map(str::to_owned), &probe.ids())
}
