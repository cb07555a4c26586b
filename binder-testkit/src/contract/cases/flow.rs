//! Back-pressure: room, and the limit of what is in flight.

use binder_core::{Limit, Room};

use crate::contract::case::{Case, case};
use crate::contract::cases::{messages, names};
use crate::contract::compare::{Verdict, ensure, same, texts};
use crate::contract::reader::room;
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] = &[
    case!(c14_unsettled_messages_are_bounded),
    case!(c14_a_message_that_is_stuck_holds_the_bound),
    case!(c14_room_is_respected),
];

/// Never more than the limit is delivered and unsettled, and everything comes in the end.
async fn c14_unsettled_messages_are_bounded(scene: Scene) -> Verdict {
    const LIMIT: usize = 8;
    let mut input = scene.input("orders", "group")?;
    input.max_in_flight = Some(Limit { messages: LIMIT, bytes: 64 << 20 });
    let (writer, mut reader, _) = scene.pipe_of(input, scene.output("orders")?).await?;
    writer.publish(messages(0..LIMIT * 5)).await?;
    let mut all = Vec::new();
    for _ in 0..5 {
        let came = reader.take(LIMIT).await?;
        reader.quiet("more than 8 messages in flight").await?;
        reader.settle(&came);
        all.extend(came);
    }
    same("all that came", &names(0..LIMIT * 5), &texts(&all))
}

/// One message that stays unsettled does not let the unsettled grow beyond the limit.
async fn c14_a_message_that_is_stuck_holds_the_bound(scene: Scene) -> Verdict {
    const LIMIT: usize = 8;
    let mut input = scene.input("orders", "group")?;
    input.max_in_flight = Some(Limit { messages: LIMIT, bytes: 64 << 20 });
    let (writer, mut reader, _) = scene.pipe_of(input, scene.output("orders")?).await?;
    writer.publish(messages(0..LIMIT * 4)).await?;
    let first = reader.take(LIMIT).await?;
    reader.settle(&first[1..]);
    // A binder may count what is not committed, then nothing comes; or what is not settled, then
    // one less than the limit does.
    let mut unsettled = 1;
    while unsettled <= LIMIT {
        match reader.listen(room(1)).await?.len() {
            0 => break,
            came => unsettled += came,
        }
    }
    ensure(unsettled <= LIMIT, || format!("{unsettled} messages are unsettled, {LIMIT} may be"))?;
    reader.settle([&first[0]]);
    ensure(unsettled > 1 || !reader.listen(room(1)).await?.is_empty(), || {
        "nothing came after the stuck message was settled".into()
    })
}

/// No more comes than there is room for; one message may exceed the bytes, two may not.
async fn c14_room_is_respected(scene: Scene) -> Verdict {
    let (writer, mut reader, _) = scene.pipe("orders").await?;
    writer.publish(messages(0..12)).await?;
    let mut all = reader.take(1).await?;
    reader.listen(room(0)).await?;
    for _ in 0..3 {
        let came = reader.next(Room { messages: 100, bytes: 1 }).await?;
        ensure(came.len() <= 1, || format!("room for 1 byte, {} messages came", came.len()))?;
        all.extend(came);
    }
    for _ in 0..2 {
        all.extend(reader.next(Room { messages: 2, bytes: usize::MAX }).await?);
    }
    all.extend(reader.take(12 - all.len()).await?);
    same("all that came", &names(0..12), &texts(&all))
}
