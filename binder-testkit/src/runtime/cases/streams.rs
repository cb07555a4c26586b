//! A stream function among all kinds of bad messages.

use binder::prelude::*;
use binder_core::Message;

use super::keyed;
use crate::contract::case::{Case, case};
use crate::contract::compare::{Verdict, equal, same_in_any_order, text};
use crate::contract::scene::Scene;
use crate::evidence::Ledger;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] =
    &[case!(c30_a_stream_function_outputs_or_buries_each_message_once)];

const MESSAGES: usize = 400;

/// What a message does to the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    FailsOnce,
    Fails,
    Undecodable,
    Panics,
}

/// 5% fail once, 1% always fail, 1% cannot be decoded, 0.5% panic.
const fn kind(id: u64) -> Kind {
    match id % 200 {
        3 | 23 | 43 | 63 | 83 | 103 | 123 | 143 | 163 | 183 => Kind::FailsOnce,
        57 | 157 => Kind::Fails,
        71 | 171 => Kind::Undecodable,
        99 => Kind::Panics,
        _ => Kind::Good,
    }
}

async fn price(order: u64, attempt: u32) -> Result<u64> {
    tokio::task::yield_now().await;
    match kind(order) {
        Kind::FailsOnce if attempt == 1 => Err(binder::Error::msg("once")),
        Kind::Fails => Err(binder::Error::msg("always")),
        // As a panic, but without the lines that the hook prints.
        Kind::Panics => std::panic::resume_unwind(Box::new("on purpose")),
        _ => Ok(order),
    }
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
fn prices(orders: Messages<u64>) -> impl Stream<Item = Step<u64>> {
    orders
        .map(|message| {
            let attempt = message.attempt();
            message.and_then(move |order| price(order, attempt))
        })
        .buffer_unordered(16)
}

fn sent(id: usize) -> Message {
    match kind(id as u64) {
        Kind::Undecodable => Message::new(format!("no number {id}")).with_key("key"),
        _ => keyed(id, 32),
    }
}

/// The class of failure that the dead letter of a message tells of; `None` for one that succeeds.
fn class(id: usize) -> Option<&'static str> {
    match kind(id as u64) {
        Kind::Good | Kind::FailsOnce => None,
        Kind::Fails => Some("error"),
        Kind::Undecodable => Some("undecodable"),
        Kind::Panics => Some("panic"),
    }
}

/// The output of every good message comes once, every bad one is among the dead letters once, and
/// each says why.
async fn c30_a_stream_function_outputs_or_buries_each_message_once(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders", "invoices"]).await?.dead_letters("orders", 3)?;
    let mut dead = stage.reader("dead").await?;
    let mut invoices = stage.reader("invoices").await?;
    let running = stage.start("shop", App::new(()).bind(listeners![prices])).await?;
    let messages: Vec<_> = (0..MESSAGES).map(sent).collect();
    let buried: Vec<_> = (0..MESSAGES)
        .filter_map(|id| Some(format!("{} {}", text(&messages[id]), class(id)?)))
        .collect();
    let mut ledger = Ledger::of(&messages);
    stage.writer("orders").await?.publish(messages).await?;
    let good = MESSAGES - buried.len();
    stage.collect(&mut ledger, &mut invoices, good).await?;
    let letters = dead.take_and_settle(buried.len()).await?;
    ledger.dead(&letters);
    ledger.is_balanced()?;
    let said = letters.iter().map(|letter| {
        let class = letter.message.headers.text("x-failure-class").unwrap_or("(no class)");
        format!("{} {class}", text(&letter.message))
    });
    same_in_any_order("the dead letters", &buried, &said.collect::<Vec<_>>())?;
    invoices.quiet("every output has come").await?;
    dead.quiet("every dead letter has come").await?;
    stage.stop(running).await?;
    let settled = stage.tap.log.acknowledged(&stage.destination("orders")?);
    equal("messages settled", &MESSAGES, &settled.len())
}
