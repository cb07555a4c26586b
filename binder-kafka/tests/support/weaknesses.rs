//! What other frameworks get wrong on Kafka, by the ids of `docs/spec/weaknesses.md`, against
//! either broker.

use std::time::{Duration, Instant};

use crate::support::{
    Broker, Input, Output, committed, consumer, number, numbered, unique, with_native,
};

/// Longer than the time within which a client has to be polled.
pub(crate) async fn k08_a_slow_function_keeps_the_membership(broker: &Broker) {
    // As short as Kafka takes it.
    let interval = Duration::from_secs(6);
    let mut spec = consumer(&broker.topic(2).await, &unique("group"));
    with_native(&mut spec, "session.timeout.ms", interval);
    with_native(&mut spec, "max.poll.interval.ms", interval);
    let binder = broker.binder();
    let mut output = Output::bind(&binder, spec.destination.as_str()).await;
    output.confirm((0..20).map(|n| numbered(n, 20))).await;
    let mut input = Input::assigned(&binder, &spec).await;
    let held = input.take(20).await;
    // The function is at it, and nobody asks for more.
    tokio::time::sleep(interval * 3 / 2).await;
    input.ack(&held);
    output.confirm((20..40).map(|n| numbered(n, 20))).await;
    let more = input.take(20).await;
    assert!(more.iter().all(|delivery| number(delivery) >= 20), "some came twice");
    assert!(more.iter().all(|delivery| delivery.tag.epoch == 1), "the member had to join again");
    input.ack(&more);
    input.close().await;
    let mut done = Input::assigned(&binder, &spec).await;
    assert!(done.is_quiet(Duration::from_millis(500)).await);
    done.close().await;
}

/// While the input neither gets anything nor closes, its position reaches the broker.
pub(crate) async fn k10_what_was_handled_is_committed_while_nothing_comes(broker: &Broker) {
    let (topic, group) = (broker.topic(1).await, unique("group"));
    let binder = broker.binder();
    let mut output = Output::bind(&binder, &topic).await;
    output.confirm((0..10).map(|n| numbered(n, 1))).await;
    let mut input = Input::assigned(&binder, &consumer(&topic, &group)).await;
    let first = input.take(3).await;
    input.ack(&first);
    let rest = input.take(7).await;
    input.ack(&rest);
    let began = Instant::now();
    while committed(broker, &group, &topic).await != [Some(10)] {
        assert!(began.elapsed() < Duration::from_secs(4), "an idle input commits nothing");
        // The broker tells nobody of a commit.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(input);
}
