//! Emitters: what they send, and how they end.

use std::time::Duration;

use binder::prelude::*;
use binder::{Exit, Registered, Running};
use binder_core::{Error, ErrorKind};
use futures::stream;
use tokio::time::Instant;

use crate::bench::{Bench, Order, is_pending, order, settle_down};

async fn emit(bench: &Bench, emitters: Vec<Registered<()>>) -> Running {
    bench.start(App::new(()).emit(emitters)).await.unwrap()
}

#[stream_emitter]
#[output("first")]
fn three() -> impl Stream<Item = Order> {
    stream::iter((1..=3).map(|id| Order { id }))
}

#[stream_emitter]
#[output("first", "second")]
fn sorted(State(limit): State<u64>) -> impl Stream<Item = (Option<Order>, Vec<Out<Bytes>>)> {
    stream::iter(0..4).map(move |id| match id < limit {
        true => (Some(Order { id }), vec![]),
        false => (None, vec![Out::new(Bytes::from("x")).key(id.to_string()).header("h", "v"); 2]),
    })
}

#[tokio::test(start_paused = true)]
async fn an_emitter_that_has_ended_is_finished_and_the_application_with_it() {
    let bench = Bench::new();
    let running = emit(&bench, emitters![three]).await;
    assert_eq!(running.ended().await, Exit::Drained);
    assert_eq!(bench.texts("first"), [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#]);
}

#[tokio::test(start_paused = true)]
async fn an_emitter_may_have_several_outputs_and_state() {
    let bench = Bench::new();
    let app = App::new(2_u64).emit(emitters![sorted]);
    let running = bench.start(app).await.unwrap();
    assert_eq!(running.ended().await, Exit::Drained);
    assert_eq!(bench.texts("first"), [r#"{"id":0}"#, r#"{"id":1}"#]);
    let second = bench.published("second");
    assert_eq!(bench.texts("second"), ["x"; 4]);
    let keys: Vec<_> = second.iter().map(|message| message.key.clone().unwrap()).collect();
    assert_eq!(keys, ["2", "2", "3", "3"]);
    assert_eq!(second[0].headers.text("h"), Some("v"));
}

#[stream_emitter]
#[output("first")]
fn beat() -> impl Stream<Item = u64> {
    let mut count = 0;
    every(Duration::from_secs(10)).map(move |()| {
        count += 1;
        count
    })
}

#[tokio::test(start_paused = true)]
async fn every_ticks_at_once_and_then_each_period() {
    let bench = Bench::new();
    let running = emit(&bench, emitters![beat]).await;
    let start = Instant::now();
    bench.binder.output("first").published_at_least(4).await;
    assert_eq!(start.elapsed().as_secs(), 30);
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(bench.texts("first"), ["1", "2", "3", "4"]);
}

#[tokio::test(start_paused = true)]
async fn an_emitter_that_has_ended_is_done_only_when_everything_is_confirmed() {
    let bench = Bench::new();
    let first = bench.binder.output("first").hold_confirmations();
    let running = emit(&bench, emitters![three]).await;
    let ended = running.ended();
    tokio::pin!(ended);
    first.published_at_least(3).await;
    settle_down().await;
    assert!(is_pending(&mut ended));
    first.confirm_held(2);
    settle_down().await;
    assert!(is_pending(&mut ended));
    first.confirm_held(1);
    assert_eq!(ended.await, Exit::Drained);
}

fn too_large() -> Error {
    Error::new(ErrorKind::TooLarge, "1 byte too many")
}

fn is_two(message: &binder_core::Message) -> bool {
    message.payload.as_deref() == Some(br#"{"id":2}"#)
}

#[stream_emitter]
#[output("first")]
fn slow() -> impl Stream<Item = Order> {
    every(Duration::from_secs(1)).scan(0, |id, ()| {
        *id += 1;
        std::future::ready((*id <= 5).then_some(Order { id: *id }))
    })
}

#[tokio::test(start_paused = true)]
async fn an_emitter_stops_at_a_message_that_can_never_be_sent() {
    let bench = Bench::new();
    bench.binder.output("first").refuse(1, is_two, too_large);
    let running = emit(&bench, emitters![slow]).await;
    assert_eq!(running.ended().await, Exit::Stopped);
    assert_eq!(bench.texts("first"), [r#"{"id":1}"#]);
}

#[tokio::test(start_paused = true)]
async fn an_emitter_that_may_drop_goes_on_behind_such_a_message() {
    let bench = Bench::new().set("bindings.first.output.on_exhausted=drop");
    let first = bench.binder.output("first").refuse(1, is_two, too_large);
    let running = emit(&bench, emitters![slow]).await;
    assert_eq!(running.ended().await, Exit::Drained);
    let expected = [1, 3, 4, 5].map(|id| format!("{{\"id\":{id}}}"));
    assert_eq!(bench.texts("first"), expected);
    assert_eq!(first.refused(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_publish_of_an_emitter_is_repeated_until_it_is_confirmed() {
    let bench = Bench::new();
    let no_leader = || Error::new(ErrorKind::Publish, "no leader");
    let first = bench.binder.output("first").refuse(5, is_two, no_leader);
    let running = emit(&bench, emitters![three]).await;
    assert_eq!(running.ended().await, Exit::Drained);
    let mut texts = bench.texts("first");
    texts.sort();
    assert_eq!(texts, [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#]);
    assert_eq!(first.refused(), 5);
}

#[stream_emitter]
#[output("first")]
fn panics() -> impl Stream<Item = Order> {
    stream::iter(1..).map(|id| {
        assert!(id < 3, "three");
        Order { id }
    })
}

#[stream_emitter]
#[output("first")]
fn fails() -> impl Stream<Item = Result<Order>> {
    stream::iter(1..).map(|id| if id < 3 { Ok(Order { id }) } else { Err("three".into_error()) })
}

trait IntoError {
    fn into_error(self) -> binder::Error;
}

impl IntoError for &str {
    fn into_error(self) -> binder::Error {
        binder::Error::msg(self)
    }
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order) -> Order {
    order
}

#[tokio::test(start_paused = true)]
async fn an_emitter_that_panics_or_fails_stops_and_what_it_has_sent_is_sent() {
    for emitters in [emitters![panics], emitters![fails]] {
        let bench = Bench::new();
        let running = emit(&bench, emitters).await;
        assert_eq!(running.ended().await, Exit::Stopped);
        assert_eq!(bench.texts("first"), [r#"{"id":1}"#, r#"{"id":2}"#]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_goes_on_when_an_emitter_has_stopped() {
    for emitters in [emitters![panics], emitters![fails]] {
        let bench = Bench::new();
        let app = App::new(()).bind(listeners![bill]).emit(emitters);
        let running = bench.start(app).await.unwrap();
        bench.binder.output("first").published_at_least(2).await;
        settle_down().await;
        bench.input("orders").push((0..10).map(order));
        bench.input("orders").settled_at_least(10).await;
        assert_eq!(running.stop().await, Exit::Drained);
        assert_eq!(bench.published("invoices").len(), 10);
    }
}

#[stream_emitter]
#[output("first")]
fn endless() -> impl Stream<Item = u64> {
    stream::iter(0..)
}

#[tokio::test(start_paused = true)]
async fn an_endless_emitter_waits_for_a_slow_publisher_and_hears_a_stop() {
    let bench = Bench::new();
    let first = bench.binder.output("first").capacity(100).hold_confirmations();
    let running = emit(&bench, emitters![endless]).await;
    tokio::time::sleep(Duration::from_secs(60)).await; // virtual
    assert_eq!(first.published_count(), 100);
    let first = first.record(false).confirm_after(Duration::from_millis(1));
    first.confirm_held(100);
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(first.unreported(), 0);
}
