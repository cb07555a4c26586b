//! Leaving a group, in order and not.

use crate::contract::case::{Case, case};
use crate::contract::cases::{message, messages, names};
use crate::contract::compare::{Verdict, at_least, same, texts};
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] = &[
    case!(c19_what_is_settled_before_closing_is_recorded),
    case!(c19_what_is_unsettled_at_closing_comes_again),
    case!(c36_a_dropped_subscription_gives_back),
    case!(c36_an_idle_subscription_closes),
];

/// Settled right before closing, and not one of them comes again.
async fn c19_what_is_settled_before_closing_is_recorded(scene: Scene) -> Verdict {
    let (writer, mut reader, input) = scene.pipe("orders").await?;
    writer.publish(messages(0..100)).await?;
    let came = reader.take(100).await?;
    reader.settle(came.iter().rev());
    reader.close().await?;
    let mut reader = scene.read(&input).await?;
    writer.publish([message("end")]).await?;
    same("after all was settled", &[], &texts(&reader.take_until("end").await?))
}

async fn c19_what_is_unsettled_at_closing_comes_again(scene: Scene) -> Verdict {
    let (writer, mut reader, input) = scene.pipe("orders").await?;
    writer.publish(messages(0..100)).await?;
    let came = reader.take(100).await?;
    reader.settle(&came[..50]);
    reader.close().await?;
    let mut reader = scene.read(&input).await?;
    writer.publish([message("end")]).await?;
    let again = reader.take_until("end").await?;
    same("after the first 50 were settled", &names(50..100), &texts(&again))
}

/// Dropped in the middle of waiting, without closing: what was unsettled comes again, and at most
/// what was in flight with it.
async fn c36_a_dropped_subscription_gives_back(scene: Scene) -> Verdict {
    let (writer, mut reader, input) = scene.pipe("orders").await?;
    writer.publish(messages(0..10)).await?;
    let came = reader.take(10).await?;
    reader.settle(&came[..3]);
    reader.quiet("more came than was sent").await?;
    reader.abandon(false);
    let mut reader = scene.read(&input).await?;
    writer.publish([message("end")]).await?;
    let again = texts(&reader.take_until("end").await?);
    at_least("after a drop with 3 of 10 settled", &names(3..10), &names(0..3), &again)
}

/// A subscription to which nothing comes can be closed.
async fn c36_an_idle_subscription_closes(scene: Scene) -> Verdict {
    let (_writer, mut reader, _) = scene.pipe("orders").await?;
    reader.quiet("nothing was sent").await?;
    reader.close().await
}
