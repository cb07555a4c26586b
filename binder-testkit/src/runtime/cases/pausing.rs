//! Inputs that are paused and go on.

use std::collections::BTreeSet;

use binder::prelude::*;

use super::{ids, message};
use crate::contract::case::{Case, case};
use crate::contract::compare::{Verdict, same};
use crate::contract::scene::Scene;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] =
    &[case!(c37_a_paused_input_begins_nothing_whoever_comes_and_goes)];

#[stream_listener]
#[input("orders")]
async fn bill(order: u64, State(probe): State<Probe>) {
    probe.called(order, 1);
    probe.wait(order).await;
}

fn app(probe: &Probe) -> App<Probe> {
    App::new(probe.clone()).bind(listeners![bill])
}

/// What has started is finished; nothing else begins while more arrives and another process joins
/// the group and leaves it; then everything does.
async fn c37_a_paused_input_begins_nothing_whoever_comes_and_goes(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders"]).await?.shared();
    let (paused, other) = (Probe::default(), Probe::open());
    let application = app(&paused);
    let bindings = application.bindings();
    let running = stage.start("shop", application).await?;
    let writer = stage.writer("orders").await?;
    writer.publish((0..20).map(message)).await?;
    stage.within("a call", paused.waiting_at_least(1)).await?;
    bindings.pause("orders")?;
    paused.open_all();
    stage.quiet().await;
    same("calls while paused", &ids(0..1), &paused.ids())?;

    let second = stage.another().await?;
    let joined = second.start("shop", app(&other)).await?;
    stage.quiet().await;
    second.stop(joined).await?;
    writer.publish((20..30).map(message)).await?;
    stage.quiet().await;
    same("calls while paused and another process was there", &ids(0..1), &paused.ids())?;

    bindings.resume("orders")?;
    stage.within("the last message", paused.called_with(29)).await?;
    stage.stop(running).await?;
    let handled: BTreeSet<_> = paused.ids().into_iter().chain(other.ids()).collect();
    same("what was handled", &sorted(ids(0..30)), &handled.into_iter().collect::<Vec<_>>())
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}
