//! What a group has settled is never lost to it, and what it has not comes again.

use binder_core::Settlement;

use crate::contract::case::{Case, case};
use crate::contract::cases::{message, messages, names};
use crate::contract::compare::{Verdict, at_least, ensure, same, texts};
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] = &[
    case!(c13_settled_out_of_order_loses_nothing),
    case!(c13_a_late_settlement_is_ignored),
    case!(c31_released_comes_again),
];

/// Settled in any order, then closed and bound again: below the first gap nothing is repeated,
/// and nothing unsettled is lost.
async fn c13_settled_out_of_order_loses_nothing(scene: Scene) -> Verdict {
    let (writer, mut reader, input) = scene.pipe("orders").await?;
    writer.publish(messages(0..20)).await?;
    let came = reader.take(20).await?;
    for settled in [7, 1, 4, 0, 5, 2] {
        reader.settle([&came[settled]]);
    }
    reader.close().await?;

    let mut reader = scene.read(&input).await?;
    writer.publish([message("end")]).await?;
    let again = reader.take_until("end").await?;
    let unsettled = [names(3..4), names(6..7), names(8..20)].concat();
    let above_the_gap = [names(4..6), names(7..8)].concat();
    at_least("after 7, 1, 4, 0, 5 and 2 were settled", &unsettled, &above_the_gap, &texts(&again))?;
    let mut sorted = texts(&again);
    sorted.sort();
    ensure(sorted == texts(&again), || format!("came again out of order: {:?}", texts(&again)))
}

/// A settlement of a subscription that is gone settles nothing of the next one.
async fn c13_a_late_settlement_is_ignored(scene: Scene) -> Verdict {
    let (writer, mut reader, input) = scene.pipe("orders").await?;
    writer.publish(messages(0..3)).await?;
    let came = reader.take(3).await?;
    let late_acker = reader.acker();
    reader.close().await?;

    let mut reader = scene.read(&input).await?;
    same("left unsettled", &names(0..3), &texts(&reader.take(3).await?))?;
    let late: Vec<_> = came.iter().map(|delivery| (delivery.tag, Settlement::Ack)).collect();
    late_acker.settle(&late);
    reader.close().await?;

    let mut reader = scene.read(&input).await?;
    writer.publish([message("end")]).await?;
    let again = reader.take_until("end").await?;
    same("settled only by a subscription that was gone", &names(0..3), &texts(&again))
}

/// What is released comes again as if never delivered, at the latest with the next binding.
async fn c31_released_comes_again(scene: Scene) -> Verdict {
    let (writer, mut reader, input) = scene.pipe("orders").await?;
    writer.publish(messages(0..4)).await?;
    let came = reader.take(4).await?;
    reader.settle([&came[0]]);
    reader.release([&came[1], &came[2]]);
    reader.settle([&came[3]]);
    reader.close().await?;

    let mut reader = scene.read(&input).await?;
    writer.publish([message("end")]).await?;
    let again = texts(&reader.take_until("end").await?);
    at_least("after 1 and 2 were released", &names(1..3), &names(3..4), &again)
}
