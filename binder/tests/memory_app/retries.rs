//! Messages that wait at the broker to be tried again. The clock is virtual; what is left of a wait
//! is reckoned from the time of day, which goes on by some milliseconds meanwhile.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use binder::prelude::*;
use binder::{Executor, Exit, Registered};
use futures::stream;
use tokio::time::{Instant, sleep};

use crate::bench::Bench;

/// One call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    order: u64,
    attempt: u32,
    /// In whole seconds since the first application was started.
    second: u64,
    position: String,
    headers: Vec<String>,
}

/// The calls so far, the orders that fail and how often, the orders to send and when.
#[derive(Clone)]
struct Shop {
    start: Instant,
    calls: Arc<Mutex<Vec<Call>>>,
    fail: &'static [(u64, u32)],
    send: &'static [(u64, u64)],
}

impl Shop {
    fn new(fail: &'static [(u64, u32)], send: &'static [(u64, u64)]) -> Self {
        Self { start: Instant::now(), calls: Arc::default(), fail, send }
    }

    /// Records a call; it fails as often as it is to.
    fn called(&self, message: &Message<u64>) -> Result<()> {
        let (order, attempt) = (*message.payload(), message.attempt());
        let name = |(name, _): (&Bytes, _)| String::from_utf8_lossy(name).into_owned();
        self.calls.lock().unwrap().push(Call {
            order,
            attempt,
            second: (self.start.elapsed() + Duration::from_millis(500)).as_secs(),
            position: message.position().unwrap().to_string(),
            headers: message.headers().iter().map(name).collect(),
        });
        let fails = self.fail.iter().any(|(id, times)| *id == order && attempt <= *times);
        if fails { Err(binder::Error::msg("not yet")) } else { Ok(()) }
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Order, attempt and second of each call.
    fn times(&self) -> Vec<(u64, u32, u64)> {
        self.calls().iter().map(|call| (call.order, call.attempt, call.second)).collect()
    }

    async fn called_at_least(&self, count: usize) {
        while self.calls().len() < count {
            sleep(Duration::from_millis(100)).await; // virtual
        }
    }
}

#[stream_emitter]
#[output("orders")]
fn send(State(shop): State<Shop>) -> impl Stream<Item = Out<u64>> {
    stream::iter(shop.send).then(|(second, order)| async move {
        sleep(Duration::from_secs(*second)).await; // virtual
        Out::new(*order).key("key").header("app-run", "r")
    })
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Message<u64>, State(shop): State<Shop>) -> Result<u64> {
    shop.called(&order)?;
    Ok(order.into_payload())
}

#[stream_listener]
#[input("orders")]
#[output("copies")]
fn copy(orders: Messages<u64>, State(shop): State<Shop>) -> impl Stream<Item = Step<u64>> {
    orders.map(move |order| {
        let called = shop.called(&order);
        order.try_map(|order| called.map(|()| order))
    })
}

/// Waits of 1 s and 60 s, on one partition.
fn bench() -> Bench {
    Bench::new(Executor::current())
        .set("bindings.orders.partition_count=1")
        .set("bindings.orders.order=none")
        .set("bindings.orders.retry.where=broker")
        .set("bindings.orders.retry.backoff.factor=60")
        .set("bindings.orders.retry.backoff.max=60s")
}

fn listener(function: Vec<Registered<Shop>>, shop: &Shop) -> App<Shop> {
    App::new(shop.clone()).bind(function)
}

const WAITS: [&str; 2] = ["orders.shop.bill.retry-1", "orders.shop.bill.retry-2"];

#[tokio::test(start_paused = true)]
async fn what_waits_is_tried_again_when_it_is_due_and_is_the_message_it_was() {
    let bench = bench();
    let shop = Shop::new(&[(1, 2)], &[(0, 0), (0, 1), (0, 2)]);
    let app = listener(listeners![bill], &shop).emit(emitters![send]);
    let running = bench.start(app).await;
    shop.called_at_least(5).await;
    let times = [(0, 1, 0), (1, 1, 0), (2, 1, 0), (1, 2, 1), (1, 3, 61)];
    assert_eq!(shop.times(), times);
    for call in shop.calls().iter().filter(|call| call.order == 1) {
        assert_eq!(call.position, "orders/0@1", "it says where it was first read");
        assert_eq!(call.headers, ["app-run"], "what it carried while it waited is not seen");
    }
    assert_eq!(running.stop().await, Exit::Drained);
    for destination in WAITS.into_iter().chain(["orders"]) {
        assert_eq!(bench.backlog(destination, "shop.bill"), 0, "{destination}");
    }
}

#[tokio::test(start_paused = true)]
async fn q10_a_short_wait_does_not_wait_behind_a_long_one() {
    let bench = bench();
    let shop = Shop::new(&[(1, 2), (2, 1)], &[(0, 1), (10, 2)]);
    let app = listener(listeners![bill], &shop).emit(emitters![send]);
    let running = bench.start(app).await;
    shop.called_at_least(5).await;
    let order: Vec<_> = shop.times().iter().map(|(order, attempt, _)| (*order, *attempt)).collect();
    assert_eq!(order, [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3)]);
    assert!(shop.times()[3].2 <= 12, "the short one waits for a second: {:?}", shop.times());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r02_what_waits_at_the_broker_outlives_its_process_and_goes_on_counting() {
    let bench = bench();
    let shop = Shop::new(&[(1, 2)], &[(0, 1)]);
    let running = bench.start(listener(listeners![bill], &shop).emit(emitters![send])).await;
    shop.called_at_least(2).await;
    sleep(Duration::from_secs(2)).await; // virtual
    assert_eq!(bench.backlog("orders", "shop.bill"), 0, "the source is settled");
    // It dies: nothing is drained.
    drop(running);
    assert_eq!(bench.backlog(WAITS[1], "shop.bill"), 1, "it waits at the broker");
    let running = bench.start(listener(listeners![bill], &shop)).await;
    shop.called_at_least(3).await;
    let last = shop.times()[2];
    assert_eq!((last.0, last.1), (1, 3));
    assert!(last.2 >= 60, "the wait is kept: {last:?}");
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(bench.backlog(WAITS[1], "shop.bill"), 0);
    assert_eq!(shop.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_what_waits_and_the_next_start_takes_it_up() {
    let bench = bench();
    let shop = Shop::new(&[(1, 2)], &[(0, 1)]);
    let running = bench.start(listener(listeners![bill], &shop).emit(emitters![send])).await;
    shop.called_at_least(2).await;
    sleep(Duration::from_secs(2)).await; // virtual
    let before = Instant::now();
    assert_eq!(running.stop().await, Exit::Drained);
    assert!(before.elapsed() < Duration::from_secs(1));
    let running = bench.start(listener(listeners![bill], &shop)).await;
    shop.called_at_least(3).await;
    assert_eq!(shop.calls()[2].attempt, 3);
    running.stop().await;
}

#[stream_listener]
#[input("letters")]
async fn file(letter: Message<u64>, State(shop): State<Shop>) {
    let text = |name| letter.headers().text(name).unwrap_or("none").to_owned();
    let names = ["x-failure-attempts", "x-original-destination", "x-original-position"];
    let retry = letter.headers().iter().any(|(name, _)| name.starts_with(b"x-retry-"));
    shop.calls.lock().unwrap().push(Call {
        order: *letter.payload(),
        attempt: 0,
        second: 0,
        position: names.map(text).join(" "),
        headers: if retry { vec!["x-retry".into()] } else { vec![] },
    });
}

#[tokio::test(start_paused = true)]
async fn what_has_failed_for_the_last_time_is_a_dead_letter_of_its_first_place() {
    let bench = bench()
        .set("bindings.orders.dead_letter=dead")
        .set("bindings.letters.destination=dead")
        .set("bindings.orders.retry.backoff.max=2s");
    let shop = Shop::new(&[(1, 9)], &[(0, 0), (0, 1)]);
    let app = listener(listeners![bill, file], &shop).emit(emitters![send]);
    let running = bench.start(app).await;
    shop.called_at_least(5).await;
    let letter = shop.calls().pop().unwrap();
    assert_eq!((letter.order, letter.position.as_str()), (1, "3 orders 1"));
    assert!(letter.headers.is_empty());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_function_has_it_too() {
    let bench = bench();
    let shop = Shop::new(&[(1, 1)], &[(0, 0), (0, 1), (0, 2)]);
    let app = listener(listeners![copy], &shop).emit(emitters![send]);
    let running = bench.start(app).await;
    shop.called_at_least(4).await;
    let last = shop.calls().pop().unwrap();
    assert_eq!((last.order, last.attempt, last.position.as_str()), (1, 2, "orders/0@1"));
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(bench.backlog("orders.shop.copy.retry-1", "shop.copy"), 0);
}

/// What waits counts against the share of its own wait, and keeps nothing else from being read.
#[tokio::test(start_paused = true)]
async fn many_that_wait_do_not_keep_others_from_being_handled() {
    let fail: Vec<_> = (0..40).map(|order| (order, 1)).collect();
    let send: Vec<_> = (0..60).map(|order| (0, order)).collect();
    let bench = bench().set("bindings.orders.max_in_flight=9");
    let shop = Shop::new(fail.leak(), send.leak());
    let app = listener(listeners![bill], &shop).emit(emitters![send]);
    let running = bench.start(app).await;
    shop.called_at_least(100).await;
    let first: Vec<_> = shop.calls().iter().take(60).map(|call| call.attempt).collect();
    assert_eq!(first, [1; 60], "what is new is handled while forty wait");
    running.stop().await;
}
