//! Groups, required groups and the store of dead letters.

use std::collections::BTreeSet;
use std::time::Duration;

use binder_core::{
    Binder, Completed, DeadLetterSpec, Destination, ErrorKind, Settlement, Topology,
};

use crate::support::{
    Input, Output, binder, input, limit, numbered, numbers, output, ready, unique,
};

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn members_of_a_group_share_and_groups_copy() {
    const ALL: usize = 200;
    let (binder, other, name) = (binder(), binder(), unique("share"));
    let output = Output::bind(&binder, &output(&name, &["sharing", "copying"])).await;
    let mut sharing = input(&name, "sharing");
    // A small prefetch, so that the first member does not take everything.
    sharing.max_in_flight = limit(10);
    let mut one = Input::bind(&binder, &sharing).await;
    let mut two = Input::bind(&other, &sharing).await;
    let mut copy = Input::bind(&other, &input(&name, "copying")).await;
    output.publish((0..ALL).map(numbered).collect()).await;

    let (mut first, mut second) = (BTreeSet::new(), BTreeSet::new());
    while first.len() + second.len() < ALL {
        let (member, seen, came) = tokio::select! {
            came = one.next(10) => (&one, &mut first, came),
            came = two.next(10) => (&two, &mut second, came),
        };
        member.settle(&came);
        seen.extend(numbers(&came));
    }
    assert!(!first.is_empty() && !second.is_empty(), "{} and {}", first.len(), second.len());
    assert_eq!(first.union(&second).count(), ALL);
    assert_eq!(numbers(&copy.take(ALL).await), (0..ALL).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn s15_08_a_required_group_misses_nothing_sent_before_its_first_reader() {
    let (binder, name) = (binder(), unique("required"));
    let output = Output::bind(&binder, &output(&name, &["late"])).await;
    output.publish((0..10).map(numbered).collect()).await;
    drop(output);
    let mut input = Input::bind(&crate::support::binder(), &input(&name, "late")).await;
    assert_eq!(numbers(&input.take(10).await), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn dead_letters_are_kept_although_nobody_reads_them_and_readers_get_copies() {
    let (binder, name) = (binder(), unique("dead"));
    let topology = Topology {
        dead_letters: vec![DeadLetterSpec {
            destination: Destination::new(&name).unwrap(),
            partition_count: None,
            grow: false,
            connect: Duration::from_secs(10),
        }],
        consumers: vec![input(&name, "reader")],
        ..Topology::default()
    };
    binder.provision(&topology).await.unwrap();
    binder.provision(&topology).await.unwrap();
    let dead = Output::bind(&binder, &output(&name, &[])).await;
    dead.publish((0..5).map(numbered).collect()).await;
    assert_eq!(ready(&name).await, Some(5), "the store");
    let mut reader = Input::bind(&binder, &input(&name, "reader")).await;
    let came = reader.take(5).await;
    reader.settle(&came);
    reader.close().await;
    assert_eq!(ready(&format!("{name}.reader")).await, Some(0));
    assert_eq!(ready(&name).await, Some(5), "the store still");
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_private_copy_goes_away_with_its_reader() {
    let (binder, name) = (binder(), unique("private"));
    let mut spec = input(&name, "none");
    spec.group = None;
    let mut private = Input::bind(&binder, &spec).await;
    let output = Output::bind(&binder, &output(&name, &[])).await;
    output.publish(vec![numbered(1)]).await;
    assert_eq!(numbers(&private.take(1).await), [1]);
    private.close().await;
    let outcome = output.outcomes(vec![numbered(2)]).await.remove(0);
    let Completed::Refused(why) = outcome else { panic!("{outcome:?}") };
    assert_eq!(why.kind(), ErrorKind::Unroutable);
}

/// Queues that somebody else has made otherwise are used as they are.
#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn what_exists_with_other_arguments_is_used_as_it_is() {
    let (binder, name) = (binder(), unique("quorum"));
    let (_connection, channel) = crate::support::raw().await;
    let mut arguments = lapin::types::FieldTable::default();
    let quorum = lapin::types::AMQPValue::LongString("quorum".into());
    arguments.insert("x-queue-type".into(), quorum);
    let options = lapin::options::QueueDeclareOptions { durable: true, ..Default::default() };
    let queue = format!("{name}.g");
    channel.queue_declare(queue.as_str().into(), options, arguments).await.unwrap();

    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    output.publish(vec![numbered(1)]).await;
    let mut input = Input::bind(&binder, &input(&name, "g")).await;
    let first = input.take(1).await;
    assert_eq!(first[0].earlier_attempts, 0);
    // A quorum queue counts: the same message, given back, says so.
    input.tell(&first, Settlement::Release);
    let again = input.take(1).await;
    assert_eq!(numbers(&again), [1]);
    assert_eq!(again[0].earlier_attempts, 1);
    assert!(again[0].message.headers.is_empty());
    input.settle(&again);
    input.close().await;
    channel.queue_delete(queue.as_str().into(), Default::default()).await.unwrap();
}
