//! Destinations that are given more partitions while they are in use.

use std::num::NonZeroU32;

use binder_core::{Message, Start};

use crate::contract::case::{Case, case};
use crate::contract::cases::{name, names};
use crate::contract::compare::{Verdict, ensure, same_in_any_order, texts};
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] = &[case!(c43_partition_count_increase_seen, partitions)];

const BEFORE: u32 = 2;
const AFTER: u32 = 4;

/// A group from the latest reads two partitions when another process adds two and sends to all
/// four: the running input gets everything, from the first message of the new ones on. So it does
/// of what the output sends that was bound before.
async fn c43_partition_count_increase_seen(scene: Scene) -> Verdict {
    let (mut input, mut output) = (scene.input("orders", "group")?, scene.output("orders")?);
    input.start = Start::Latest;
    let before = NonZeroU32::new(BEFORE);
    (input.partition_count, output.partition_count) = (before, before);
    let (writer, mut reader, mut input) = scene.pipe_of(input, output.clone()).await?;
    writer.publish((0..32).map(spread)).await?;
    let came = reader.take_and_settle(32).await?;
    same_in_any_order("before", &names(0..32), &texts(&came))?;

    let after = NonZeroU32::new(AFTER);
    (input.partition_count, output.partition_count) = (after, after);
    (input.grow, output.grow) = (true, true);
    let other = scene.another().await?;
    other.provision(&[&input], &[&output]).await?;
    other.write(&output).await?.publish((32..160).map(spread)).await?;
    let mut came = reader.take_and_settle(128).await?;
    writer.publish((160..192).map(spread)).await?;
    came.extend(reader.take_and_settle(32).await?);
    same_in_any_order("after", &names(32..192), &texts(&came))?;
    let new = came.iter().filter(|delivery| delivery.tag.partition >= BEFORE).count();
    ensure(new > 0, || format!("nothing came from a partition above {BEFORE}"))
}

fn spread(i: usize) -> Message {
    Message::new(name(i)).with_key(format!("key {}", i % 32))
}
