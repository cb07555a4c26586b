//! Partitions that go from one member to another, and streams that end.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use binder_core::{Completed, Message, Settlement};

use crate::contract::case::{Case, case};
use crate::contract::cases::{message, messages, name, names};
use crate::contract::compare::{Verdict, ensure, same, same_in_any_order, texts};
use crate::contract::reader::{first_assignment, first_revocation, room, share};
use crate::contract::scene::Scene;
use crate::contract::writer::Writer;

pub(super) const CASES: &[Case] = &[
    case!(c16_what_is_settled_in_time_is_not_repeated, partitions),
    case!(c18_a_settlement_after_the_end_is_stale),
    case!(c18_a_lost_connection_is_made_again, disconnection),
];

const MESSAGES: usize = 64;

/// One member holds messages of all partitions when a second comes. What it settles after it has
/// heard of it is recorded before the partition moves, so no message comes twice.
async fn c16_what_is_settled_in_time_is_not_repeated(scene: Scene) -> Verdict {
    let (mut input, mut output) = (scene.input("orders", "group")?, scene.output("orders")?);
    let four = NonZeroU32::new(4);
    (input.partition_count, output.partition_count) = (four, four);
    let (writer, first, input) = scene.pipe_of(input, output).await?;
    writer.publish((0..MESSAGES).map(spread)).await?;
    let mut members = vec![first];
    let held = members[0].take(MESSAGES).await?;
    scene.another().await?.enter(&mut members, &input).await?;
    first_revocation(&mut members, scene.patience()).await?;
    members[0].settle(&held);
    first_assignment(&mut members, scene.patience()).await?;
    writer.publish((MESSAGES..2 * MESSAGES).map(spread)).await?;
    let shares = share(&mut members, MESSAGES).await?;
    let together: Vec<_> = shares.iter().flat_map(|share| texts(share)).collect();
    same_in_any_order("after the rebalance", &names(MESSAGES..2 * MESSAGES), &together)?;
    let each: Vec<_> = shares.iter().map(Vec::len).collect();
    ensure(each.iter().all(|&count| count > 0), || format!("the members share {each:?}"))
}

fn spread(i: usize) -> Message {
    Message::new(name(i)).with_key(format!("key {}", i % 32))
}

/// Dropped and bound again: what the half that is left settles is not settled.
async fn c18_a_settlement_after_the_end_is_stale(scene: Scene) -> Verdict {
    let (writer, mut reader, input) = scene.pipe("orders").await?;
    writer.publish(messages(0..3)).await?;
    let came = reader.take(3).await?;
    let late = reader.acker();
    reader.abandon(false);

    let mut reader = scene.read(&input).await?;
    let again = reader.take(3).await?;
    same("left unsettled", &names(0..3), &texts(&again))?;
    let stale: Vec<_> = came.iter().map(|delivery| (delivery.tag, Settlement::Ack)).collect();
    late.settle(&stale);
    reader.settle([&again[0]]);
    reader.close().await?;

    let mut reader = scene.read(&input).await?;
    writer.publish([message("end")]).await?;
    same("settled by nobody", &names(1..3), &texts(&reader.take_until("end").await?))
}

/// The input has not ended: what is sent afterwards comes. What was unsettled comes again, at the
/// latest with the next binding.
async fn c18_a_lost_connection_is_made_again(scene: Scene) -> Verdict {
    let (scene, end_connections) = scene.breakable().await?;
    let (writer, mut reader, input) = scene.pipe("orders").await?;
    writer.publish(messages(0..10)).await?;
    let came = reader.take(10).await?;
    reader.settle(&came[..3]);
    end_connections();
    send_until_confirmed(&writer, 10..20).await?;
    let mut seen = BTreeSet::new();
    while !names(10..20).iter().all(|name| seen.contains(name)) {
        let batch = reader.next(room(100)).await?;
        reader.settle(&batch);
        seen.extend(texts(&batch));
    }
    reader.close().await?;
    let mut reader = scene.read(&input).await?;
    writer.publish([message("end")]).await?;
    seen.extend(texts(&reader.take_until("end").await?));
    let lost: Vec<_> = names(3..10).into_iter().filter(|name| !seen.contains(name)).collect();
    ensure(lost.is_empty(), || format!("unsettled when the connection ended, and lost: {lost:?}"))
}

/// A connection may end between a message and its confirmation: then it is sent again.
async fn send_until_confirmed(writer: &Writer, range: std::ops::Range<usize>) -> Verdict {
    let mut left: Vec<_> = range.collect();
    while !left.is_empty() {
        let outcomes = writer.outcomes(left.iter().map(|&i| message(&name(i)))).await?;
        let confirmed: Vec<_> =
            outcomes.iter().map(|outcome| matches!(outcome, Completed::Confirmed(_))).collect();
        let mut confirmed = confirmed.into_iter();
        left.retain(|_| !confirmed.next().unwrap_or(false));
    }
    Ok(())
}
