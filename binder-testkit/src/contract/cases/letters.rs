//! Dead-letter stores read back, and groups reached past the others.

use binder_core::logic::redrive;
use binder_core::{Delivery, Letters};

use crate::contract::case::{Case, case};
use crate::contract::cases::{message, messages, names};
use crate::contract::compare::{Failure, Verdict, ensure, same, texts};
use crate::contract::reader::room;
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] = &[
    case!(c25_a_dead_letter_store_ends_where_it_was_opened, a_dead_letter_store),
    case!(c25_what_is_not_settled_stays_in_the_dead_letter_store, a_dead_letter_store),
    case!(c25_a_group_is_reached_by_its_name, a_dead_letter_store),
];

/// What comes while a store is read is the next reader's, and looking makes no store.
async fn c25_a_dead_letter_store_ends_where_it_was_opened(scene: Scene) -> Verdict {
    let spec = scene.dead_letters("dead")?;
    for _ in 0..2 {
        let absent = scene.open_letters(&spec).await?.is_none();
        ensure(absent, || "there was a store before anything was provisioned".into())?;
    }
    scene.provision_letters(&spec).await?;
    let writer = scene.write(&scene.output("dead")?).await?;
    let mut empty = opened(&scene).await?;
    ensure(empty.held() == 0, || format!("a new store holds {}", empty.held()))?;
    same("an empty store", &[], &texts(&all(&mut empty).await?))?;
    empty.close().await?;

    writer.publish(messages(0..6)).await?;
    let mut letters = opened(&scene).await?;
    ensure(letters.held() >= 6, || format!("6 letters are {}", letters.held()))?;
    let mut came = letters.next(room(2)).await?;
    ensure(came.len() <= 2, || format!("room for 2 letters, {} came", came.len()))?;
    writer.publish(messages(6..8)).await?;
    came.extend(all(&mut letters).await?);
    same("what was there when it was opened", &names(0..6), &texts(&came))?;
    letters.close().await?;
    let mut letters = opened(&scene).await?;
    same("for the next reader", &names(0..8), &texts(&all(&mut letters).await?))?;
    Ok(letters.close().await?)
}

/// A look changes nothing; what is settled is gone, and nothing else.
async fn c25_what_is_not_settled_stays_in_the_dead_letter_store(scene: Scene) -> Verdict {
    let spec = scene.dead_letters("dead")?;
    scene.provision_letters(&spec).await?;
    let writer = scene.write(&scene.output("dead")?).await?;
    let sent = message("m0000").with_header("a", "1").with_header("b", "2");
    writer.publish([sent.clone()].into_iter().chain(messages(1..6))).await?;
    for _ in 0..2 {
        let mut letters = opened(&scene).await?;
        let came = all(&mut letters).await?;
        same("looked at", &names(0..6), &texts(&came))?;
        let first = came.first().map(|letter| &letter.message);
        ensure(
            first.is_some_and(|first| first.headers == sent.headers && first.key == sent.key),
            || format!("it was {sent:?}, and is {first:?}"),
        )?;
        letters.close().await?;
    }
    let mut letters = opened(&scene).await?;
    let came = all(&mut letters).await?;
    let keeps_places = letters.keeps_places();
    let tags = |of: &[usize]| of.iter().map(|&index| came[index].tag).collect::<Vec<_>>();
    letters.settle(&tags(&[1, 0])).await?;
    letters.settle(&tags(&[3])).await?;
    letters.close().await?;

    let mut letters = opened(&scene).await?;
    let left = if keeps_places { [names(2..3), names(4..6)].concat() } else { names(2..6) };
    let came = all(&mut letters).await?;
    same("what was not settled", &left, &texts(&came))?;
    letters.settle(&came.iter().map(|letter| letter.tag).collect::<Vec<_>>()).await?;
    letters.close().await?;
    let mut letters = opened(&scene).await?;
    same("all is settled", &[], &texts(&all(&mut letters).await?))?;
    Ok(letters.close().await?)
}

/// One group gets what is sent to it; another does not, or sees by its header that it is not meant.
async fn c25_a_group_is_reached_by_its_name(scene: Scene) -> Verdict {
    let (writer, mut one, input) = scene.pipe("orders").await?;
    let other = scene.input("orders", "other")?;
    scene.provision(&[&other], &[]).await?;
    let mut two = scene.read(&other).await?;
    let group = input.group.as_ref().map(ToString::to_string).unwrap_or_default();
    let to_one = message("one")
        .with_header(redrive::DESTINATION, input.destination.to_string())
        .with_header(redrive::GROUP, group);
    scene.reach(&input).await?.publish([to_one]).await?;
    same("the group", &["one".into()], &texts(&one.take_and_settle(1).await?))?;
    writer.publish([message("end")]).await?;
    let (there, other) = (other.destination, other.group);
    let other = other.as_ref().map(|group| group.as_str());
    let mut came = two.take_until("end").await?;
    came.retain(|came| !redrive::is_for_another(&came.message.headers, there.as_str(), other));
    same("what the other group has to handle", &[], &texts(&came))
}

/// The store `dead`, which is there.
async fn opened(scene: &Scene) -> Verdict<Box<dyn Letters>> {
    let opened = scene.open_letters(&scene.dead_letters("dead")?).await?;
    opened.ok_or_else(|| Failure::new("there is no store, although it was provisioned"))
}

/// Everything that is left to read.
async fn all(letters: &mut Box<dyn Letters>) -> Verdict<Vec<Delivery>> {
    let mut all = Vec::new();
    loop {
        let next = letters.next(room(4)).await?;
        if next.is_empty() {
            return Ok(all);
        }
        all.extend(next);
    }
}
