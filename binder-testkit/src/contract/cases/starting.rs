//! What is created and checked before anything flows, and what a start says when it cannot.

use std::num::NonZeroU32;
use std::time::Duration;

use binder_core::{Error, ErrorKind, Topology};
use tokio::time::{Instant, timeout};

use crate::contract::case::{Case, case};
use crate::contract::cases::{messages, names};
use crate::contract::compare::{Failure, Verdict, ensure, equal, same, texts};
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] = &[
    case!(c05_provision_takes_what_exists),
    case!(c05_provision_refuses_more_partitions_than_exist, partitions),
    case!(c08_unreachable_at_start_is_an_error_in_time, an_unreachable_broker),
];

/// Provisioned again, also by another process: what is there stays, with what is in it.
async fn c05_provision_takes_what_exists(scene: Scene) -> Verdict {
    let (input, output) = (scene.input("orders", "group")?, scene.output("orders")?);
    scene.provision(&[&input], &[&output]).await?;
    scene.write(&output).await?.publish(messages(0..5)).await?;
    scene.provision(&[&input], &[&output]).await?;
    let other = scene.another().await?;
    other.provision(&[&input], &[&output]).await?;
    let came = other.read(&input).await?.take_and_settle(5).await?;
    same("what was sent before", &names(0..5), &texts(&came))
}

/// Fewer partitions than exist are no trouble, more are one error that names the destination.
async fn c05_provision_refuses_more_partitions_than_exist(scene: Scene) -> Verdict {
    let (mut input, mut output) = (scene.input("orders", "group")?, scene.output("orders")?);
    let mut asking = |count| {
        let count = NonZeroU32::new(count);
        (input.partition_count, output.partition_count) = (count, count);
        let (consumers, producers) = (vec![input.clone()], vec![output.clone()]);
        Topology { consumers, producers, ..Topology::default() }
    };
    let (three, two, four) = (asking(3), asking(2), asking(4));
    for fits in [&three, &two] {
        timely(scene.patience(), scene.binder().provision(fits)).await??;
    }
    let refused = timely(scene.patience(), scene.binder().provision(&four)).await?;
    let Err(error) = refused else {
        return Err(Failure::new("4 partitions were asked for, 3 exist, and that was accepted"));
    };
    equal("the kind of error", &ErrorKind::Topology, &error.kind())?;
    ensure(!error.is_transient(), || format!("called transient: {error:?}"))?;
    let text = error.to_string();
    let destination = output.destination.to_string();
    ensure(text.contains(&destination), || format!("`{destination}` is not named: {text}"))
}

async fn timely<T>(patience: Duration, step: impl Future<Output = T>) -> Verdict<T> {
    let late = |_| Failure::new(format!("the binder took longer than {patience:?}"));
    timeout(patience, step).await.map_err(late)
}

/// Both directions give up within the time that the specification sets, and say where they tried.
async fn c08_unreachable_at_start_is_an_error_in_time(scene: Scene) -> Verdict {
    const CONNECT: Duration = Duration::from_secs(1);
    let scene = scene.unreachable().await?;
    let (mut input, mut output) = (scene.input("orders", "group")?, scene.output("orders")?);
    (input.connect, output.connect) = (CONNECT, CONNECT);
    let begun = Instant::now();
    let reading = timely(scene.patience(), scene.binder().bind_consumer(&input)).await?.err();
    let writing = timely(scene.patience(), scene.binder().bind_producer(&output)).await?.err();
    let took = begun.elapsed();
    for error in [reading, writing] {
        let error: Error =
            error.ok_or_else(|| Failure::new("bound to a broker that is not there"))?;
        equal("the kind of error", &ErrorKind::Connect, &error.kind())?;
    }
    ensure(took < CONNECT * 4, || format!("two errors took {took:?}, each may take {CONNECT:?}"))
}
