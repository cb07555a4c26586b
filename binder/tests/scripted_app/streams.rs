//! Stream functions: steps, and the settlement that each of them carries.

use std::time::Duration;

use binder::prelude::*;
use binder::{Exit, Registered};
use binder_core::{Error, ErrorKind, Settlement};

use crate::bench::{Bench, Order, broken, count, order, settle_down};

/// Starts a stream function whose bad messages are dead after one attempt.
async fn stream(listener: Vec<Registered<()>>) -> (Bench, binder::Running) {
    let bench =
        Bench::new().set("bindings.in.dead_letter=dead").set("bindings.in.retry.max_attempts=1");
    let running = bench.listen(listener).await;
    (bench, running)
}

fn ids(ids: impl IntoIterator<Item = usize>) -> Vec<String> {
    ids.into_iter().map(|id| format!("{{\"id\":{id}}}")).collect()
}

/// A message that failed once comes behind later ones.
fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_by_key(|text| (text.len(), text.clone()));
    texts
}

#[stream_listener]
#[input("in")]
#[output("first")]
fn mapped(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
    orders.map(|message| message.map(|order| order))
}

#[tokio::test(start_paused = true)]
async fn map_makes_a_step_that_is_settled_once_its_output_is_confirmed() {
    let (bench, running) = stream(listeners![mapped]).await;
    let input = bench.input("in");
    let first = bench.binder.output("first").hold_confirmations();
    input.push((0..10).map(order));
    first.published_at_least(10).await;
    settle_down().await;
    assert_eq!(input.settled(), 0, "settled although nothing is confirmed");
    first.confirm_held(4);
    input.settled_at_least(4).await;
    assert_eq!(input.settled(), 4);
    first.confirm_held(6);
    input.settled_at_least(10).await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(bench.texts("first"), ids(0..10));
    assert_eq!(count(&input, Settlement::Ack), 10);
}

#[stream_listener]
#[input("in")]
#[output("first")]
fn tried(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
    orders.map(|message| {
        message.try_map(|order| match order.id {
            3 => Err(binder::Error::msg("three is bad").permanent()),
            4 => Err(binder::Error::msg("four is busy")),
            _ => Ok(order),
        })
    })
}

#[tokio::test(start_paused = true)]
async fn try_map_fails_the_message_and_the_stream_lives_on() {
    let (bench, running) = stream(listeners![tried]).await;
    let input = bench.input("in");
    input.push((0..6).map(order).chain([broken()]));
    input.settled_at_least(7).await;
    running.stop().await;
    assert_eq!(bench.texts("first"), ids([0, 1, 2, 5]));
    let dead = bench.published("dead");
    let class = |at: usize| dead[at].headers.text("x-failure-class").unwrap().to_owned();
    let mut classes: Vec<_> = (0..dead.len()).map(class).collect();
    classes.sort();
    assert_eq!(classes, ["error", "permanent", "undecodable"]);
}

#[stream_listener]
#[input("in")]
#[output("first")]
fn retried(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
    orders.map(|message| {
        let attempt = message.attempt();
        message.try_map(|order| match (order.id, attempt) {
            (3, 1 | 2) => Err(binder::Error::msg("three is slow")),
            _ => Ok(order),
        })
    })
}

#[tokio::test(start_paused = true)]
async fn a_step_that_failed_is_tried_again_behind_later_ones() {
    let bench = Bench::new();
    let input = bench.input("in");
    input.push((0..6).map(order));
    let running = bench.listen(listeners![retried]).await;
    input.settled_at_least(6).await;
    running.stop().await;
    assert_eq!(bench.texts("first"), ids([0, 1, 2, 4, 5, 3]));
}

#[stream_listener]
#[input("in")]
#[output("first")]
fn looked_up(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
    let look_up = |order: Order| async move {
        tokio::time::sleep(Duration::from_millis(10)).await; // virtual: the look-up
        if order.id == 3 { Err(binder::Error::msg("not there").permanent()) } else { Ok(order) }
    };
    orders.map(move |message| message.and_then(look_up)).buffer_unordered(16)
}

#[tokio::test(start_paused = true)]
async fn and_then_is_async_and_runs_sixteen_at_once_at_default_settings() {
    let (bench, running) = stream(listeners![looked_up]).await;
    let input = bench.input("in");
    let start = tokio::time::Instant::now();
    input.push((0..160).map(order));
    input.settled_at_least(160).await;
    let took = start.elapsed();
    running.stop().await;
    assert!((100..200).contains(&took.as_millis()), "ten rounds of 10 ms took {took:?}");
    assert_eq!(sorted(bench.texts("first")), ids((0..160).filter(|id| *id != 3)));
    assert_eq!(bench.texts("dead"), ids([3]));
}

#[stream_listener]
#[input("in")]
#[output("first")]
fn skipped(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
    orders.map(|message| match message.payload().id % 2 {
        0 => message.skip(),
        _ => message.map(|order| order),
    })
}

#[tokio::test(start_paused = true)]
async fn skip_settles_and_sends_nothing() {
    let (bench, running) = stream(listeners![skipped]).await;
    let input = bench.input("in");
    input.push((0..10).map(order));
    input.settled_at_least(10).await;
    running.stop().await;
    assert_eq!(bench.texts("first"), ids((0..10).filter(|id| id % 2 == 1)));
    assert_eq!(count(&input, Settlement::Ack), 10);
}

#[stream_listener]
#[input("in")]
#[output("first")]
fn summed(orders: Messages<Order>) -> impl Stream<Item = Step<u64>> {
    orders.chunks(10).map(|chunk| {
        Message::join(chunk).try_map(|orders| {
            let sum = orders.iter().map(|order| order.id).sum();
            if sum == 145 { Err(binder::Error::msg("the second ten")) } else { Ok(sum) }
        })
    })
}

#[tokio::test(start_paused = true)]
async fn joined_messages_are_settled_or_fail_together() {
    let (bench, running) = stream(listeners![summed]).await;
    let input = bench.input("in");
    let first = bench.binder.output("first").hold_confirmations();
    input.push((0..30).map(order));
    first.published_at_least(2).await;
    input.settled_at_least(10).await;
    settle_down().await;
    assert_eq!(input.settled(), 10, "only the ten that failed are settled");
    assert_eq!(bench.texts("dead"), ids(10..20));
    first.confirm_held(2);
    input.settled_at_least(30).await;
    assert_eq!(bench.texts("first"), ["45", "245"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_chunk_whose_output_can_never_be_sent_is_dead_whole() {
    let (bench, running) = stream(listeners![summed]).await;
    let input = bench.input("in");
    let too_large = || Error::new(ErrorKind::TooLarge, "too large");
    bench.binder.output("first").refuse(1, |_| true, too_large);
    input.push((0..10).map(order));
    input.settled_at_least(10).await;
    running.stop().await;
    assert_eq!(sorted(bench.texts("dead")), ids(0..10));
    assert_eq!(bench.texts("first"), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_waits_for_more_is_finished_by_a_stop() {
    let (bench, running) = stream(listeners![summed]).await;
    let input = bench.input("in");
    input.push((0..3).map(order));
    input.until(|input| input.unsettled() == 3).await;
    settle_down().await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(bench.texts("first"), ["3"]);
    assert_eq!(count(&input, Settlement::Ack), 3);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_message_that_waits_to_be_tried_again() {
    let bench = Bench::new().set("bindings.in.retry.backoff.initial=1h");
    let bench = bench.set("bindings.in.retry.backoff.max=1h");
    let input = bench.input("in");
    input.push([order(3)]);
    let running = bench.listen(listeners![tried_always]).await;
    settle_down().await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(count(&input, Settlement::Release), 1);
}

#[stream_listener]
#[input("in")]
fn tried_always(orders: Messages<Order>) -> impl Stream<Item = Step<()>> {
    orders.map(|message| message.try_map(|_| Err::<(), _>(binder::Error::msg("busy"))))
}

#[stream_listener]
#[input("in")]
#[output("first")]
fn fragile(orders: Messages<Order>) -> impl Stream<Item = Step<u64>> {
    let checked = orders.inspect(|message| assert_ne!(message.payload().id, 3, "three"));
    checked.chunks(4).map(|chunk| Message::join(chunk).map(|orders| orders.len() as u64))
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_heard_by_a_stream_that_is_fed_one_by_one_and_waits_for_more() {
    let (bench, running) = stream(listeners![fragile]).await;
    let input = bench.input("in");
    // The third panics while two are inside: all three go in again alone, and a chunk never fills.
    input.push([order(1), order(2), order(3), order(4)]);
    tokio::time::sleep(Duration::from_secs(10)).await; // virtual: past the restart's back-off
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(input.unsettled(), 0);
    assert_eq!(bench.texts("dead"), ids([3]));
}

#[stream_listener]
#[input("in")]
#[output("first", "second")]
fn forked(
    orders: impl Stream<Item = Message<Order>> + Send + 'static,
    State(limit): State<u64>,
) -> impl Stream<Item = Step<(Option<Order>, Option<Out<u64>>)>> {
    orders.map(move |message| {
        message.map(|order| match order.id < limit {
            true => (Some(order), None),
            false => (None, Some(Out::new(order.id).key("large"))),
        })
    })
}

#[tokio::test(start_paused = true)]
async fn a_step_may_have_several_outputs_and_the_function_state() {
    let bench = Bench::new();
    let input = bench.input("in");
    input.push((0..4).map(order));
    let app = App::new(2_u64).bind(listeners![forked]);
    let running = bench.start(app).await.unwrap();
    input.settled_at_least(4).await;
    running.stop().await;
    assert_eq!(bench.texts("first"), ids(0..2));
    assert_eq!(bench.texts("second"), ["2", "3"]);
    assert_eq!(bench.published("second")[0].key.as_deref(), Some(&b"large"[..]));
}

#[stream_listener]
#[input("in")]
#[output("first")]
fn hundreds(orders: Messages<Order>) -> impl Stream<Item = Step<u64>> {
    orders.chunks(100).map(|chunk| Message::join(chunk).map(|orders| orders.len() as u64))
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_messages_of_one_partition_settle_in_chunks_at_default_settings() {
    let bench = Bench::new();
    let input = bench.input("in");
    input.preload(100_000, order);
    let running = bench.listen(listeners![hundreds]).await;
    input.settled_at_least(100_000).await;
    running.stop().await;
    assert_eq!(bench.texts("first"), vec!["100"; 1_000]);
    assert_eq!(count(&input, Settlement::Ack), 100_000);
}

#[stream_listener]
#[input("in")]
#[output("first")]
fn in_threes(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
    orders.take(3).map(|message| message.map(|order| order))
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_is_started_again_and_loses_nothing() {
    let bench = Bench::new();
    let input = bench.input("in");
    input.push((0..10).map(order));
    let running = bench.listen(listeners![in_threes]).await;
    input.settled_at_least(10).await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(bench.texts("first"), ids(0..10));
    assert_eq!(count(&input, Settlement::Ack), 10);
}

#[stream_listener]
#[input("in")]
fn ends_at_once(_: Messages<Order>) -> impl Stream<Item = Step<()>> {
    futures::stream::empty()
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_heard_while_a_stream_waits_to_be_started_again() {
    let (_, running) = stream(listeners![ends_at_once]).await;
    tokio::time::sleep(Duration::from_secs(100)).await; // virtual: the back-off grows to 10 s
    let start = tokio::time::Instant::now();
    assert_eq!(running.stop().await, Exit::Drained);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[stream_listener]
#[input("in")]
#[output("first")]
fn hoarded(orders: Messages<Order>) -> impl Stream<Item = Step<u64>> {
    let checked = orders.inspect(|message| assert_ne!(message.payload().id, 3, "three"));
    checked.chunks(3).map(|chunk| Message::join(chunk).map(|orders| orders.len() as u64))
}

#[tokio::test(start_paused = true)]
async fn what_a_broken_stream_is_to_be_fed_again_goes_back_at_once_when_it_is_revoked() {
    let (bench, running) = stream(listeners![hoarded]).await;
    let input = bench.input("in").partitions(2);
    input.push_to(0, (1..=5).map(order));
    input.push_to(1, [order(6)]);
    // The third panics while two are inside: all wait for the restart, the others behind them.
    settle_down().await;
    input.revoke(0);
    settle_down().await;
    assert_eq!(count(&input, Settlement::Release), 5);
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(count(&input, Settlement::Release), 6);
}

#[tokio::test(start_paused = true)]
async fn what_was_revoked_inside_a_stream_goes_back_when_the_stream_breaks() {
    let (bench, running) = stream(listeners![hoarded]).await;
    let input = bench.input("in").partitions(2);
    input.push_to(0, [order(1), order(2)]);
    settle_down().await;
    input.revoke(0);
    settle_down().await;
    assert_eq!(count(&input, Settlement::Release), 0, "the function has them");
    // Another one breaks the stream in which they are.
    input.push_to(1, [order(3)]);
    settle_down().await;
    assert_eq!(count(&input, Settlement::Release), 2);
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(input.unsettled(), 0);
}
