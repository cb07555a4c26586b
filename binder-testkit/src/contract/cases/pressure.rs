//! What happens when more is sent than is read, and when more is in flight than there may be.

use std::num::NonZeroU32;

use binder_core::{Delivery, Limit, Message};

use crate::contract::case::{Case, case};
use crate::contract::cases::name;
use crate::contract::compare::{Verdict, ensure, same, text, texts};
use crate::contract::reader::{Reader, room};
use crate::contract::scene::Scene;
use crate::contract::writer::Writer;

pub(super) const CASES: &[Case] = &[
    case!(c12_publish_order_under_backpressure),
    case!(c15_what_is_unsettled_is_bounded_in_bytes),
    case!(c15_what_is_not_read_waits_and_is_not_lost),
];

const WRITERS: usize = 8;
const EACH: usize = 2_000;

/// Eight tasks send at once on one output to one partition, faster than a reader with little in
/// flight takes: the messages of each task come in its order.
async fn c12_publish_order_under_backpressure(scene: Scene) -> Verdict {
    let (mut input, mut output) = (scene.input("orders", "group")?, scene.output("orders")?);
    let one = NonZeroU32::new(1).filter(|_| scene.capabilities().partitions);
    (input.partition_count, output.partition_count) = (one, one);
    input.max_in_flight = Some(Limit { messages: 64, bytes: 64 << 20 });
    let (writer, mut reader, _) = scene.pipe_of(input, output).await?;
    let (sent, came) = tokio::join!(all(&writer), reader.take_and_settle(WRITERS * EACH));
    sent?;
    let came = came?;
    for task in 0..WRITERS {
        let key = format!("task {task}");
        let sent: Vec<_> = (0..EACH).map(|i| of(task, i)).collect();
        let its: Vec<_> = came.iter().filter(|delivery| has_key(delivery, &key)).collect();
        let its: Vec<_> = its.into_iter().map(|delivery| text(&delivery.message)).collect();
        same(&format!("what came of `{key}`"), &sent, &its)?;
    }
    Ok(())
}

async fn all(writer: &Writer) -> Verdict {
    let send = |task: usize| {
        let message = move |i| Message::new(of(task, i)).with_key(format!("task {task}"));
        writer.publish((0..EACH).map(message))
    };
    let (a, b, c, d, e, f, g, h) =
        tokio::join!(send(0), send(1), send(2), send(3), send(4), send(5), send(6), send(7));
    [a, b, c, d, e, f, g, h].into_iter().collect()
}

fn of(task: usize, i: usize) -> String {
    format!("{task}:{}", name(i))
}

fn has_key(delivery: &Delivery, key: &str) -> bool {
    delivery.message.key.as_deref() == Some(key.as_bytes())
}

/// With large messages it is the bytes that are reached first; one message may exceed them.
async fn c15_what_is_unsettled_is_bounded_in_bytes(scene: Scene) -> Verdict {
    const SIZE: usize = 16 << 10;
    const BYTES: usize = 64 << 10;
    let mut input = scene.input("orders", "group")?;
    input.max_in_flight = Some(Limit { messages: 1_000, bytes: BYTES });
    let (writer, mut reader, _) = scene.pipe_of(input, scene.output("orders")?).await?;
    writer.publish(large(20, SIZE)).await?;
    let mut taken = Vec::new();
    while taken.len() < 20 {
        let round = until_quiet(&mut reader).await?;
        let bytes: usize = round.iter().map(|delivery| delivery.message.size()).sum();
        ensure(bytes <= BYTES + SIZE, || {
            format!("{bytes} bytes are in flight, {BYTES} may be and one message more")
        })?;
        ensure(!round.is_empty(), || format!("{} of 20 came, then nothing", taken.len()))?;
        reader.settle(&round);
        taken.extend(round);
    }
    same("all that came", &ids(&large(20, SIZE)), &ids_of(&taken))
}

/// All that comes without a settlement.
async fn until_quiet(reader: &mut Reader) -> Verdict<Vec<Delivery>> {
    let mut all = reader.next(room(1_000)).await?;
    loop {
        let more = reader.listen(room(1_000)).await?;
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}

/// Sent while nobody reads: with the limit's worth in flight the rest waits, and comes in order.
async fn c15_what_is_not_read_waits_and_is_not_lost(scene: Scene) -> Verdict {
    const SIZE: usize = 10 << 10;
    const COUNT: usize = 500;
    let mut input = scene.input("orders", "group")?;
    input.max_in_flight = Some(Limit { messages: 16, bytes: 64 << 20 });
    let (writer, mut reader, _) = scene.pipe_of(input, scene.output("orders")?).await?;
    let sent = large(COUNT, SIZE);
    let expected = ids(&sent);
    writer.publish(sent).await?;
    let held = until_quiet(&mut reader).await?;
    ensure(held.len() <= 16, || format!("{} messages in flight, 16 may be", held.len()))?;
    reader.settle(&held);
    let mut came = ids_of(&held);
    came.extend(ids_of(&reader.take_and_settle(COUNT - held.len()).await?));
    same("all that came", &expected, &came)
}

/// Messages of one key with a number and much beside it.
fn large(count: usize, size: usize) -> Vec<Message> {
    let filling = "x".repeat(size);
    (0..count).map(|i| Message::new(format!("{}{filling}", name(i))).with_key("key")).collect()
}

fn ids(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| id(&text(message))).collect()
}

fn ids_of(deliveries: &[Delivery]) -> Vec<String> {
    texts(deliveries).iter().map(|text| id(text)).collect()
}

fn id(text: &str) -> String {
    text.chars().take(5).collect()
}
