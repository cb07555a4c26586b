//! Binding and unbinding, alone and at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::contract::case::{Case, case};
use crate::contract::cases::{message, messages, names};
use crate::contract::compare::{Failure, Verdict, ensure, same, texts};
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] =
    &[case!(c01_bind_unbind_leaves_no_task_behind), case!(c35_concurrent_subscribe_and_close)];

/// Twenty times bound and unbound in every order: no task is left, and it still works.
async fn c01_bind_unbind_leaves_no_task_behind(scene: Scene) -> Verdict {
    let (input, output) = (scene.input("orders", "group")?, scene.output("orders")?);
    scene.provision(&[&input], &[&output]).await?;
    round_trip(&scene, "first").await?;
    let before = settled_tasks(usize::MAX, scene.patience()).await?;
    for round in 0..20 {
        let writer = scene.write(&output).await?;
        let reader = scene.read(&input).await?;
        match round % 4 {
            0 => reader.close().await?,
            1 => reader.abandon(true),
            2 => reader.abandon(false),
            _ => {
                drop(writer);
                reader.close().await?;
            }
        }
    }
    round_trip(&scene, "last").await?;
    settled_tasks(before, scene.patience()).await.map(drop)
}

async fn round_trip(scene: &Scene, text: &str) -> Verdict {
    let writer = scene.write(&scene.output("orders")?).await?;
    let mut reader = scene.read(&scene.input("orders", "group")?).await?;
    writer.publish([message(text)]).await?;
    let came = reader.take_and_settle(1).await?;
    same("a round trip", &[text.to_owned()], &texts(&came))?;
    reader.close().await
}

/// Waits until at most this many tasks live, and says how many do. What a binder had once, it may
/// keep, so the first count waits until it has not changed for a while.
async fn settled_tasks(at_most: usize, patience: Duration) -> Verdict<usize> {
    const STEADY: Duration = Duration::from_millis(100);
    let started = Instant::now();
    let (mut count, mut since) = (usize::MAX, started);
    loop {
        let alive = Handle::current().metrics().num_alive_tasks();
        if alive != count {
            (count, since) = (alive, Instant::now());
        }
        if count <= at_most && since.elapsed() >= STEADY {
            return Ok(count);
        }
        ensure(started.elapsed() < patience, || {
            format!("{at_most} tasks lived before, {count} do now, {patience:?} after unbinding")
        })?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Five rounds in which sixteen inputs come and go at once, while another one reads on.
async fn c35_concurrent_subscribe_and_close(scene: Scene) -> Verdict {
    const ROUNDS: usize = 5;
    const AT_ONCE: usize = 16;
    const MESSAGES: usize = 50;
    let (writer, mut standing, _) = scene.pipe("orders").await?;
    for round in 0..ROUNDS {
        let all_bound = Arc::new(Barrier::new(AT_ONCE));
        let mut visitors = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (scene, all_bound) = (scene.clone(), all_bound.clone());
            visitors.spawn(async move {
                let visitor = scene.read(&scene.anonymous("orders")?).await?;
                all_bound.wait().await;
                visitor.close().await
            });
        }
        let range = round * MESSAGES..(round + 1) * MESSAGES;
        writer.publish(messages(range.clone())).await?;
        let came = standing.take_and_settle(MESSAGES).await?;
        same("what the standing input read", &names(range), &texts(&came))?;
        while let Some(visited) = visitors.join_next().await {
            visited
                .map_err(|error| Failure::new(format!("an input that came and went: {error}")))??;
        }
    }
    standing.close().await
}
