//! However a call fails, the message takes the same way.

use binder::prelude::*;

use super::message;
use crate::contract::case::{Case, case};
use crate::contract::compare::{Verdict, ensure, equal, same, same_in_any_order, texts};
use crate::contract::scene::Scene;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] = &[case!(c30_error_panic_and_deadline_take_the_same_way)];

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn troubled(order: u64, attempt: Attempt, State(probe): State<Probe>) -> Result<u64> {
    probe.called(order, attempt.0);
    match order {
        1 => Err(binder::Error::msg("one")),
        // As a panic, but without the lines that the hook prints.
        2 => std::panic::resume_unwind(Box::new("two")),
        3 => std::future::pending().await,
        4 => Err(binder::Error::msg("four").permanent()),
        _ => Ok(order),
    }
}

async fn c30_error_panic_and_deadline_take_the_same_way(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders", "invoices"])
        .await?
        .dead_letters("orders", 2)?
        .set("bindings.orders.deadline=100ms");
    let mut dead = stage.reader("dead").await?;
    let mut invoices = stage.reader("invoices").await?;
    let probe = Probe::default();
    let running = stage.start("shop", App::new(probe.clone()).bind(listeners![troubled])).await?;
    stage.writer("orders").await?.publish((0..6).map(message)).await?;
    let outputs = invoices.take_and_settle(2).await?;
    same_in_any_order("outputs", &["0", "5"].map(String::from), &texts(&outputs))?;
    let letters = dead.take_and_settle(4).await?;
    same("dead letters", &["1", "2", "3", "4"].map(String::from), &texts(&letters))?;
    dead.quiet("there are four dead letters").await?;
    stage.stop(running).await?;
    let expected = [
        ("error", "one", "2"),
        ("panic", "two", "2"),
        ("deadline", "100ms", "2"),
        ("permanent", "four", "1"),
    ];
    for (letter, (class, cause, attempts)) in letters.iter().zip(expected) {
        let header = |name: &str| letter.message.headers.text(name).unwrap_or_default();
        equal("the class", &class, &header("x-failure-class"))?;
        equal("attempts", &attempts, &header("x-failure-attempts"))?;
        let found = header("x-failure-cause");
        ensure(found.contains(cause), || format!("`{cause}` is not in the cause `{found}`"))?;
    }
    same("calls", &["0", "1", "1", "2", "2", "3", "3", "4", "5"].map(String::from), &probe.ids())
}
