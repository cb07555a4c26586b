//! Trying again.

use std::time::Duration;

use binder::prelude::*;

use super::{ids, message};
use crate::contract::case::{Case, case};
use crate::contract::compare::{Verdict, ensure, equal, same, texts};
use crate::contract::scene::Scene;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] = &[case!(c20_retry_backs_off_then_succeeds)];

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn hesitant(order: u64, attempt: Attempt, State(probe): State<Probe>) -> Result<Out<u64>> {
    probe.called(order, attempt.0);
    match (order, attempt.0) {
        (1, 1..=3) => Err(binder::Error::msg("not yet")),
        _ => Ok(Out::new(order).key("key")),
    }
}

/// Three failures and a success: four calls, numbered, each wait twice the last; the message keeps
/// its place and its output comes once.
async fn c20_retry_backs_off_then_succeeds(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders", "invoices"])
        .await?
        .dead_letters("orders", 4)?
        .set("bindings.orders.retry.backoff.initial=50ms")
        .set("bindings.orders.retry.backoff.jitter=false");
    let mut invoices = stage.reader("invoices").await?;
    let mut dead = stage.reader("dead").await?;
    let probe = Probe::default();
    let running = stage.start("shop", App::new(probe.clone()).bind(listeners![hesitant])).await?;
    stage.writer("orders").await?.publish((0..4).map(message)).await?;
    same("outputs", &ids(0..4), &texts(&invoices.take_and_settle(4).await?))?;
    invoices.quiet("after every output has come").await?;
    dead.quiet("nothing has failed for good").await?;
    stage.stop(running).await?;

    let calls: Vec<_> = probe.calls().into_iter().filter(|call| call.id == 1).collect();
    let attempts: Vec<_> = calls.iter().map(|call| call.attempt).collect();
    equal("attempts", &vec![1, 2, 3, 4], &attempts)?;
    equal("calls altogether", &7, &probe.calls().len())?;
    for (pair, wait) in calls.windows(2).zip([50, 100, 200].map(Duration::from_millis)) {
        let waited = pair[1].at - pair[0].at;
        let attempt = pair[1].attempt;
        ensure(waited >= wait.mul_f32(0.8), || {
            format!("attempt {attempt} came {waited:?} after the one before, not {wait:?}")
        })?;
    }
    Ok(())
}
