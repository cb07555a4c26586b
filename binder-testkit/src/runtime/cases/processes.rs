//! Several applications on one destination.

use binder::prelude::*;

use super::keyed;
use crate::contract::case::{Case, case};
use crate::contract::compare::{Verdict, ensure};
use crate::contract::scene::Scene;
use crate::evidence::Ledger;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] = &[case!(c34_processes_share_and_another_application_gets_all)];

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: u64, State(probe): State<Probe>) -> u64 {
    probe.called(order, 1);
    order
}

#[stream_listener]
#[input("orders")]
#[output("copies")]
async fn audit(order: u64) -> u64 {
    order
}

/// How many messages are sent at once, and how often.
const ROUND: usize = 64;
const ROUNDS: usize = 20;

async fn c34_processes_share_and_another_application_gets_all(scene: Scene) -> Verdict {
    let stage = Stage::new(scene.clone(), &["orders", "invoices"]).await?.shared();
    let other = Stage::new(scene, &["orders", "copies"]).await?;
    let (mut invoices, mut copies) =
        (stage.reader("invoices").await?, other.reader("copies").await?);
    let (one, two) = (Probe::default(), Probe::default());
    let app = |probe: &Probe| App::new(probe.clone()).bind(listeners![bill]);
    let auditing = other.start("office", App::new(()).bind(listeners![audit])).await?;
    let first = stage.start("shop", app(&one)).await?;
    let second = stage.another().await?.start("shop", app(&two)).await?;
    let writer = stage.writer("orders").await?;
    let (mut billed, mut audited) = (Ledger::default(), Ledger::default());
    // A group may still be sharing out its partitions when the second member is there.
    for round in 0..ROUNDS {
        let sent: Vec<_> = (round * ROUND..(round + 1) * ROUND).map(|id| keyed(id, 64)).collect();
        billed.sent(&sent);
        audited.sent(&sent);
        writer.publish(sent).await?;
        stage.collect(&mut billed, &mut invoices, (round + 1) * ROUND).await?;
        other.collect(&mut audited, &mut copies, (round + 1) * ROUND).await?;
        if !one.calls().is_empty() && !two.calls().is_empty() {
            break;
        }
        stage.quiet().await;
    }
    audited.is_balanced()?;
    // A partition that changed hands may bring again what was not recorded yet.
    billed.nothing_is_lost()?;
    let shares = [one.calls().len(), two.calls().len()];
    ensure(shares.iter().all(|share| *share > 0), || format!("the processes share {shares:?}"))?;
    stage.stop(first).await?;
    stage.stop(second).await?;
    other.stop(auditing).await
}
