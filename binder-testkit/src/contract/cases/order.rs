//! Order per key.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use binder_core::{Delivery, Message};

use crate::contract::case::{Case, case};
use crate::contract::cases::name;
use crate::contract::compare::{Verdict, ensure, same, texts};
use crate::contract::reader::Reader;
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] =
    &[case!(c11_per_key_order), case!(c11_a_key_keeps_its_partition, partitions)];

const KEYS: usize = 16;
const EACH: usize = 1_000;

fn key(i: usize) -> String {
    format!("key {}", i % KEYS)
}

/// Sends messages of many keys in turn, and gives what came by key.
async fn by_key(scene: &Scene) -> Verdict<BTreeMap<String, Vec<Delivery>>> {
    let partitions = NonZeroU32::new(4).filter(|_| scene.capabilities().partitions);
    let (mut input, mut output) = (scene.input("orders", "group")?, scene.output("orders")?);
    (input.partition_count, output.partition_count) = (partitions, partitions);
    let (writer, mut reader, _) = scene.pipe_of(input, output).await?;
    let sent = (0..KEYS * EACH).map(|i| Message::new(name(i)).with_key(key(i)));
    // Both at once, since a broker may hold only so much.
    let (published, came) = tokio::join!(writer.publish(sent), all(&mut reader));
    published?;
    let mut keys = BTreeMap::<String, Vec<Delivery>>::new();
    for delivery in came? {
        let key = delivery.message.key.as_deref().unwrap_or_default();
        keys.entry(String::from_utf8_lossy(key).into()).or_default().push(delivery);
    }
    Ok(keys)
}

async fn all(reader: &mut Reader) -> Verdict<Vec<Delivery>> {
    reader.take_and_settle(KEYS * EACH).await
}

/// Messages of a key come in the order in which they were sent, each once.
async fn c11_per_key_order(scene: Scene) -> Verdict {
    let came = by_key(&scene).await?;
    for first in 0..KEYS {
        let key = key(first);
        let sent: Vec<_> = (first..KEYS * EACH).step_by(KEYS).map(name).collect();
        let came = came.get(&key).map_or(&[][..], Vec::as_slice);
        same(&format!("what came of `{key}`"), &sent, &texts(came))?;
    }
    Ok(())
}

/// Messages of a key have one partition, and the keys more than one.
async fn c11_a_key_keeps_its_partition(scene: Scene) -> Verdict {
    let mut partitions = Vec::new();
    for (key, deliveries) in by_key(&scene).await? {
        let mut of_key: Vec<_> = deliveries.iter().map(|d| d.tag.partition).collect();
        of_key.dedup();
        ensure(of_key.len() == 1, || format!("`{key}` is in partitions {of_key:?}"))?;
        partitions.append(&mut of_key);
    }
    partitions.sort_unstable();
    partitions.dedup();
    ensure(partitions.len() > 1, || format!("16 keys are all in partition {partitions:?}"))
}
