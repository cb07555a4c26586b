//! What is wrong is said at the start, and nothing secret with it.

use binder::config::{FunctionNames, load};
use binder::prelude::*;

use crate::contract::case::{Case, case};
use crate::contract::compare::{Failure, Verdict, ensure};
use crate::contract::scene::Scene;
use crate::runtime::stage::{KIND, Stage};

pub(super) const CASES: &[Case] = &[
    case!(c27_a_wrong_configuration_is_refused_at_the_start),
    case!(c28_a_binder_that_is_not_there_is_refused),
    case!(c29_wiring_that_cannot_work_is_refused_at_the_start),
    case!(c47_a_password_is_printed_nowhere),
];

#[stream_listener]
#[input("orders")]
async fn read(_: u64) {}

fn app() -> App {
    App::new(()).bind(listeners![read])
}

fn says(text: &str, wanted: &[&str]) -> Verdict {
    let missing: Vec<_> = wanted.iter().filter(|word| !text.contains(**word)).collect();
    ensure(missing.is_empty(), || format!("{missing:?} not in: {text}"))
}

/// An unknown key, a value of the wrong type or out of range, a binding or policy that is not
/// there: each is refused and named.
async fn c27_a_wrong_configuration_is_refused_at_the_start(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders"]).await?;
    for (assignment, wanted) in [
        ("bindings.orders.grup=g", &["bindings.orders.grup", "`group`"][..]),
        ("bindings.orders.concurrency=many", &["bindings.orders.concurrency", "many"]),
        ("bindings.orders.concurrency=0", &["bindings.orders.concurrency", "0"]),
        ("bindings.orders.order=random", &["bindings.orders.order", "random", "\"key\""]),
        ("bindings.orders.deadline=soon", &["bindings.orders.deadline", "soon"]),
        ("bindings.orders.retry=patient", &["bindings.orders.retry", "patient"]),
        ("bindings.oders.group=g", &["bindings.oders", "`orders`"]),
        ("grase=1s", &["grase", "`grace`"]),
    ] {
        let error = stage.clone().set(assignment).refused(app()).await?;
        says(&error, wanted)?;
    }
    Ok(())
}

/// The error names what is asked for and what there is.
async fn c28_a_binder_that_is_not_there_is_refused(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders"]).await?;
    for key in ["default_binder", "bindings.orders.binder"] {
        let error = stage.clone().set(format!("{key}=elsewhere")).refused(app()).await?;
        says(&error, &[key, "`elsewhere`", &format!("`{KIND}`")])?;
    }
    Ok(())
}

#[stream_listener]
#[input("orders")]
async fn count(_: u64) {}

/// A function that is bound twice, functions that run together and are not there, and two that
/// would share a group that was set by hand.
async fn c29_wiring_that_cannot_work_is_refused_at_the_start(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders"]).await?;
    let twice = stage.refused(app().bind(listeners![read])).await?;
    says(&twice, &["`read`", "twice"])?;
    let nowhere = stage.refused(app().together(["read", "raed"])).await?;
    says(&nowhere, &["`raed`", "`read`"])?;
    let grouped = stage.clone().set("bindings.orders.group=both");
    let shared = grouped.refused(app().bind(listeners![count])).await?;
    says(&shared, &["bindings.orders.group", "`read`", "`count`"])
}

const CANARY: &str = "canary-6f1c2e";

/// A password is in no error, no `Debug` and no printed configuration. What is logged is not
/// looked at here.
async fn c47_a_password_is_printed_nowhere(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders"]).await?;
    let stage = stage
        .set(format!("binders.{KIND}.username=shop"))
        .set(format!("binders.{KIND}.password={CANARY}"))
        .set(format!("binders.{KIND}.native.sasl.password={CANARY}"));
    let sources = stage.sources();
    let config = load(&sources).map_err(Failure::from)?;
    let functions = [FunctionNames { name: "read", inputs: &["orders"], outputs: &[] }];
    let resolved = config.resolve("shop", &functions, &[KIND]).map_err(Failure::from)?;
    let mut printed = vec![
        ("the sources", format!("{sources:?}")),
        ("how to launch", format!("{:?}", stage.launch("shop")?)),
        ("the configuration", format!("{config:?}")),
        ("its origins", format!("{:?}", config.origins())),
        ("what it resolves to", format!("{resolved:?}")),
    ];
    let running = stage.start("shop", app()).await?;
    printed.push(("an application", format!("{running:?}")));
    stage.stop(running).await?;
    for assignment in [
        "bindings.orders.concurrency=many".to_owned(),
        format!("binders.{KIND}.password=['{CANARY}']"),
        format!("binders.{KIND}.username=['{CANARY}']"),
        format!("binders.{KIND}.servers=amqp://shop:{CANARY}@127.0.0.1:1"),
        format!("binders.{KIND}.pasword={CANARY}"),
    ] {
        if let Ok(error) = stage.clone().set(assignment).refused(app()).await {
            printed.push(("an error", error));
        }
    }
    let redacted = printed.iter().any(|(_, text)| text.contains("***"));
    ensure(redacted, || "the password is not even redacted: this case looks past it".into())?;
    for (what, text) in printed {
        ensure(!text.contains(CANARY), || format!("{what} prints the password: {text}"))?;
    }
    Ok(())
}
