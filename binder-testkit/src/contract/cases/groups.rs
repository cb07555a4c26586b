//! Groups: copies, shares, and where each begins.

use std::num::NonZeroU32;

use binder_core::{Message, Start};

use crate::contract::case::{Case, case};
use crate::contract::cases::{message, messages, name, names};
use crate::contract::compare::{Verdict, ensure, same, same_in_any_order, texts};
use crate::contract::reader::{calm, share};
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] = &[
    case!(c06_anonymous_group_gets_copy_and_misses_gap),
    case!(c07_required_groups_receive_before_first_consumer),
    case!(c09_a_new_group_from_earliest_reads_what_is_kept, a_log),
    case!(c09_a_new_group_from_latest_reads_what_comes),
    case!(c09_a_known_group_goes_on_where_it_was),
    case!(c34_groups_share_and_copy),
];

/// Two private copies get everything while bound; what comes while one is unbound, it misses.
async fn c06_anonymous_group_gets_copy_and_misses_gap(scene: Scene) -> Verdict {
    let private = scene.anonymous("news")?;
    let (writer, mut standing, _) = scene.pipe("news").await?;
    let (mut one, mut two) = (scene.read(&private).await?, scene.read(&private).await?);
    writer.publish([message("before")]).await?;
    for (who, reader) in [("the first copy", &mut one), ("the second copy", &mut two)] {
        same(who, &["before".into()], &texts(&reader.take_and_settle(1).await?))?;
    }
    one.close().await?;
    writer.publish([message("gap")]).await?;
    let mut one = scene.read(&private).await?;
    writer.publish(["after", "end"].map(message)).await?;
    let came = one.take_until("end").await?;
    same("the copy that was away", &["after".into()], &texts(&came))?;
    let came = two.take_until("end").await?;
    same("the copy that stayed", &["gap".into(), "after".into()], &texts(&came))?;
    let came = standing.take_until("end").await?;
    same("the named group", &["before", "gap", "after"].map(String::from), &texts(&came))
}

/// Groups that an output requires get what was sent before they were first bound.
async fn c07_required_groups_receive_before_first_consumer(scene: Scene) -> Verdict {
    let mut output = scene.output("orders")?;
    output.required_groups = vec![scene.group("billing")?, scene.group("shipping")?];
    scene.provision(&[], &[&output]).await?;
    scene.write(&output).await?.publish(messages(0..10)).await?;
    let later = scene.another().await?;
    let inputs = [later.input("orders", "billing")?, later.input("orders", "shipping")?];
    later.provision(&[&inputs[0], &inputs[1]], &[]).await?;
    for input in &inputs {
        let came = later.read(input).await?.take_and_settle(10).await?;
        same("what came before the first consumer", &names(0..10), &texts(&came))?;
    }
    Ok(())
}

async fn c09_a_new_group_from_earliest_reads_what_is_kept(scene: Scene) -> Verdict {
    let output = scene.output("orders")?;
    scene.provision(&[], &[&output]).await?;
    scene.write(&output).await?.publish(messages(0..5)).await?;
    let later = scene.another().await?;
    let input = later.input("orders", "late")?;
    later.provision(&[&input], &[]).await?;
    let came = later.read(&input).await?.take_and_settle(5).await?;
    same("what was kept", &names(0..5), &texts(&came))
}

/// The first message after the assignment is the first that a new group from the latest reads.
async fn c09_a_new_group_from_latest_reads_what_comes(scene: Scene) -> Verdict {
    let (writer, _standing, _) = scene.pipe("orders").await?;
    writer.publish(messages(0..5)).await?;
    let later = scene.another().await?;
    let mut input = later.input("orders", "late")?;
    input.start = Start::Latest;
    later.provision(&[&input], &[]).await?;
    let mut reader = later.read(&input).await?;
    writer.publish(messages(5..7)).await?;
    same("what came later", &names(5..7), &texts(&reader.take_and_settle(2).await?))
}

/// A group that has read before gets what came while it was away, wherever new ones start.
async fn c09_a_known_group_goes_on_where_it_was(scene: Scene) -> Verdict {
    let mut input = scene.input("orders", "group")?;
    input.start = Start::Latest;
    let (writer, mut reader, input) = scene.pipe_of(input, scene.output("orders")?).await?;
    writer.publish(messages(0..3)).await?;
    same("at first", &names(0..3), &texts(&reader.take_and_settle(3).await?))?;
    reader.close().await?;
    writer.publish(messages(3..6)).await?;
    let mut reader = scene.read(&input).await?;
    writer.publish([message("end")]).await?;
    let came = reader.take_until("end").await?;
    same("while it was away", &names(3..6), &texts(&came))
}

/// Two members of one group share the messages, another group gets them all.
async fn c34_groups_share_and_copy(scene: Scene) -> Verdict {
    const MESSAGES: usize = 400;
    let partitions = NonZeroU32::new(4).filter(|_| scene.capabilities().partitions);
    let mut sharing = scene.input("orders", "sharing")?;
    let mut copying = scene.input("orders", "copying")?;
    let mut output = scene.output("orders")?;
    sharing.partition_count = partitions;
    copying.partition_count = partitions;
    output.partition_count = partitions;
    scene.provision(&[&sharing, &copying], &[&output]).await?;
    let writer = scene.write(&output).await?;
    let mut copy = vec![scene.read(&copying).await?];
    let mut members = vec![scene.read(&sharing).await?];
    scene.another().await?.join(&mut members, &sharing).await?;
    calm(&mut members).await?;

    let sent = |i: usize| Message::new(name(i)).with_key(format!("key {}", i % 64));
    let publishing = writer.publish((0..MESSAGES).map(sent));
    let (published, shares, copies) =
        tokio::join!(publishing, share(&mut members, MESSAGES), share(&mut copy, MESSAGES));
    published?;
    let (shares, copies) = (shares?, copies?);
    same_in_any_order("the other group", &names(0..MESSAGES), &texts(&copies[0]))?;
    let each: Vec<_> = shares.iter().map(Vec::len).collect();
    ensure(each.iter().all(|&count| count > 0), || format!("the members share {each:?}"))?;
    // A partition that changed hands may bring again what was not recorded yet.
    if members.iter().all(|member| !member.was_revoked()) {
        let together: Vec<_> = shares.iter().flat_map(|share| texts(share)).collect();
        same_in_any_order("the members together", &names(0..MESSAGES), &together)?;
    }
    Ok(())
}
