//! A refused publish is repeated; the function is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use binder_core::{Error, ErrorKind, Message, Settlement};

use super::bench::{Bench, forward, function, texts};
use crate::runtime::spawn::Executor;

fn refused(transient: bool) -> impl Fn() -> Error + Send + Sync + 'static {
    move || Error::new(ErrorKind::Publish, "no leader").transient(transient)
}

#[tokio::test(start_paused = true)]
async fn q09_two_outputs_the_second_refused_twice_function_called_once_first_sent_once() {
    let bench = Bench::new(Executor::current());
    let _second = bench.second.clone().refuse(2, |_| true, refused(true));
    bench.input.push([Message::new("x")]);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let both = function(move |message, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(vec![(0, message.clone()), (1, message)]))
    });
    let _running = bench.call(both).await;
    bench.input.settled_at_least(1).await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(bench.first.published_count(), 1);
    assert_eq!(bench.second.refused(), 2);
    assert_eq!(bench.second.published_count(), 1);
    assert_eq!(bench.input.settlements()[0].1, Settlement::Ack);
}

#[tokio::test(start_paused = true)]
async fn refused_messages_are_repeated_in_order_before_new_ones_start() {
    let bench = Bench::new(Executor::current());
    let _first = bench.first.clone().refuse(3, |_| true, refused(true));
    bench.input.preload(100, |i| Message::new(i.to_string()));
    let _running = bench.call(forward()).await;
    bench.input.settled_at_least(100).await;
    let published = texts(&bench.first.published());
    let place = |text: &str| published.iter().position(|other| other == text).unwrap();
    assert!(place("0") < place("1") && place("1") < place("2"));
    assert_eq!(published.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn an_output_that_can_never_be_sent_dead_letters_its_source() {
    let bench = Bench::new(Executor::current());
    let bad = |m: &Message| m.payload.as_deref() == Some(b"7");
    let _first = bench.first.clone().refuse(usize::MAX, bad, refused(false));
    bench.input.preload(20, |i| Message::new(i.to_string()));
    let _running = bench.call(forward()).await;
    bench.input.settled_at_least(20).await;
    assert_eq!(texts(&bench.dead.published()), ["7"]);
    assert_eq!(bench.first.published_count(), 19);
    let cause = bench.dead.published()[0].headers.text("x-failure-cause").unwrap().to_owned();
    assert!(cause.contains("output `first`") && cause.contains("no leader"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn unknown_and_dropped_completions_are_sent_again() {
    let bench = Bench::new(Executor::current());
    let first = bench.first.clone().drop_completions();
    bench.input.push([Message::new("x")]);
    let _running = bench.call(forward()).await;
    first.published_at_least(2).await;
    assert_eq!(bench.input.settled(), 0);
    let _first = first.confirm_at_once();
    bench.input.settled_at_least(1).await;
    assert_eq!(bench.input.settlements()[0].1, Settlement::Ack);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_output_pauses_its_input_and_loses_nothing() {
    let bench = Bench::new(Executor::current());
    let first = bench.first.clone().capacity(10);
    first.stall();
    bench.input.preload(5_000, |i| Message::new(i.to_string()));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let _running = bench
        .call(function(move |message, _| {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok(vec![(0, message)]))
        }))
        .await;
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    assert!(calls.load(Ordering::Relaxed) <= 1_024, "{}", calls.load(Ordering::Relaxed));
    assert_eq!(bench.input.settled(), 0);
    first.release();
    bench.input.settled_at_least(5_000).await;
    let published = texts(&first.published());
    assert_eq!(published, (0..5_000).map(|i| i.to_string()).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_output_gets_an_id_that_a_redelivery_repeats_where_the_binder_carries_ids() {
    let ids = async || {
        let bench = Bench::new(Executor::current());
        bench.input.push(["a", "b"].map(Message::new));
        let both = function(|message, _| {
            std::future::ready(Ok(vec![(0, message.clone()), (1, message.clone()), (1, message)]))
        });
        let _running = bench.call(both).await;
        bench.input.settled_at_least(2).await;
        assert!(bench.first.published().iter().all(|message| message.id.is_none()));
        bench.second.published().into_iter().map(|message| message.id.unwrap()).collect::<Vec<_>>()
    };
    let (once, again) = (ids().await, ids().await);
    assert_eq!(once, again);
    let distinct: std::collections::HashSet<_> = once.iter().collect();
    assert_eq!(distinct.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_returns_while_a_refused_message_waits_is_sent_behind_it() {
    let mut bench = Bench::new(Executor::current());
    (bench.plan.concurrency, bench.input) = (2, bench.input.partitions(2));
    let _first =
        bench.first.clone().refuse(1, |m| m.payload.as_deref() == Some(b"a"), refused(true));
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let waits = gate.clone();
    let gated = function(move |message, _| {
        let gate = waits.clone();
        async move {
            if message.payload.as_deref() == Some(b"b") {
                gate.acquire().await.unwrap().forget();
            }
            Ok(vec![(0, message)])
        }
    });
    let _running = bench.call(gated).await;
    bench.input.push_to(1, ["b"].map(Message::new));
    bench.input.push_to(0, ["a"].map(Message::new));
    bench.first.until(|output| output.refused() == 1).await;
    gate.add_permits(1);
    bench.input.settled_at_least(2).await;
    assert_eq!(texts(&bench.first.published()), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_too_large_stops_the_binding_at_its_source() {
    let bench = Bench::new(Executor::current());
    let too_large = || Error::new(ErrorKind::TooLarge, "more than the broker takes");
    let _dead = bench.dead.clone().refuse(usize::MAX, |_| true, too_large);
    bench.input.push(["bad"].map(Message::new));
    let bad = function(|_, _| {
        let failure = crate::function::failure::Failure::new(
            crate::function::failure::Class::Permanent,
            "boom",
        );
        std::future::ready(Err(failure))
    });
    let mut running = bench.call(bad).await;
    let error = running.ended().await.unwrap_err().to_string();
    assert!(error.contains("in/0@0") && error.contains("more than the broker takes"), "{error}");
    assert_eq!(bench.input.settled(), 0);
}
