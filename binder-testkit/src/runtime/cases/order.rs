//! Order and bounds under pressure.

use binder::prelude::*;

use super::{keyed, message};
use crate::contract::case::{Case, case};
use crate::contract::compare::{Verdict, ensure, equal};
use crate::contract::scene::Scene;
use crate::evidence::Ledger;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;
use crate::runtime::tap::Refusal;

pub(super) const CASES: &[Case] =
    &[case!(c12_outputs_keep_the_order_of_their_key), case!(c15_a_slow_function_is_bounded)];

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn relay(order: u64, key: Key) -> Out<u64> {
    // Calls of different keys overtake each other.
    for _ in 0..order % 7 {
        tokio::task::yield_now().await;
    }
    let out = Out::new(order);
    match key.0 {
        Some(key) => out.key(key),
        None => out,
    }
}

/// Eight keys at once through a narrow input, with outputs refused in between: the outputs of a
/// key come in its order, each once.
async fn c12_outputs_keep_the_order_of_their_key(scene: Scene) -> Verdict {
    const MESSAGES: usize = 400;
    let stage = Stage::new(scene, &["orders", "invoices"])
        .await?
        .set("bindings.orders.order=key")
        .set("bindings.orders.concurrency=8")
        .set("bindings.orders.max_in_flight=16");
    let mut invoices = stage.reader("invoices").await?;
    let refused = [Refusal::Transient; 3];
    stage.tap.log.refuse(&stage.destination("invoices")?, &refused);
    let running = stage.start("shop", App::new(()).bind(listeners![relay])).await?;
    let sent: Vec<_> = (0..MESSAGES).map(|id| keyed(id, 8)).collect();
    let mut ledger = Ledger::of(&sent);
    let writer = stage.writer("orders").await?;
    // Both at once, since a broker may hold only so much.
    let (published, collected) =
        tokio::join!(writer.publish(sent), stage.collect(&mut ledger, &mut invoices, MESSAGES));
    published?;
    collected?;
    ledger.is_balanced()?;
    ledger.is_in_order_per_key()?;
    invoices.quiet("after every output has come").await?;
    equal(
        "outputs refused",
        &refused.len(),
        &stage.tap.log.refused(&stage.destination("invoices")?),
    )?;
    stage.stop(running).await
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn slow(order: u64, State(probe): State<Probe>) -> u64 {
    probe.called(order, 1);
    probe.wait(order).await;
    order
}

/// While functions wait, no more than `max_in_flight` messages are in the application; the rest
/// comes when they go on.
async fn c15_a_slow_function_is_bounded(scene: Scene) -> Verdict {
    const MESSAGES: usize = 100;
    const BOUND: usize = 10;
    let stage = Stage::new(scene, &["orders", "invoices"])
        .await?
        .set("bindings.orders.order=none")
        .set("bindings.orders.concurrency=64")
        .set(format!("bindings.orders.max_in_flight={BOUND}"));
    let mut invoices = stage.reader("invoices").await?;
    let probe = Probe::default();
    let running = stage.start("shop", App::new(probe.clone()).bind(listeners![slow])).await?;
    let sent: Vec<_> = (0..MESSAGES).map(message).collect();
    let mut ledger = Ledger::of(&sent);
    stage.writer("orders").await?.publish(sent).await?;
    stage.within("filling the input", probe.waiting_at_least(BOUND)).await?;
    stage.quiet().await;
    equal("calls under way", &BOUND, &probe.waiting().len())?;
    // Before the first is settled, so that no settlement on its way makes it look too much.
    let orders = stage.destination("orders")?;
    equal("messages had or asked for", &BOUND, &stage.tap.log.most_asked(&orders))?;
    probe.open_all();
    stage.collect(&mut ledger, &mut invoices, MESSAGES).await?;
    ledger.is_balanced()?;
    stage.stop(running).await?;
    let most = stage.tap.log.most_unsettled(&orders);
    ensure(most <= BOUND, || format!("{most} were in flight where {BOUND} may be"))
}
