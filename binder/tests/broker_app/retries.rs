//! Messages that wait at the broker to be tried again.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use binder::Exit;
use binder::prelude::*;
use futures::stream;

use crate::bench::Bench;

/// A call: order, attempt, place, headers of ours, and when.
#[derive(Clone, Debug)]
struct Call {
    order: u64,
    attempt: u32,
    position: String,
    ours: usize,
    at: Instant,
}

/// The calls so far, and how often which order fails.
#[derive(Clone)]
struct Shop {
    calls: Arc<Mutex<Vec<Call>>>,
    fail: &'static [(u64, u32)],
    /// Order 2 is sent once there are so many calls.
    second: usize,
}

impl Shop {
    fn new(fail: &'static [(u64, u32)], second: usize) -> Self {
        Self { calls: Arc::default(), fail, second }
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    async fn called_at_least(&self, count: usize) {
        let enough = async {
            while self.calls().len() < count {
                // The broker's own time is what passes here.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), enough).await;
        assert!(waited.is_ok(), "{count} calls have not come: {:?}", self.calls());
    }
}

#[stream_emitter]
#[output("orders")]
fn send(State(shop): State<Shop>) -> impl Stream<Item = Out<u64>> {
    let later = shop.clone();
    let second = stream::once(async move {
        later.called_at_least(later.second).await;
        2
    });
    let second = second.take(usize::from(shop.second > 0));
    stream::iter([1]).chain(second).map(|order| Out::new(order).key("key"))
}

#[stream_listener]
#[input("orders")]
async fn bill(order: Message<u64>, State(shop): State<Shop>) -> Result<()> {
    let (id, attempt) = (*order.payload(), order.attempt());
    let ours = order.headers().iter().filter(|(name, _)| name.starts_with(b"x-retry-")).count();
    let position = order.position().unwrap().to_string();
    let call = Call { order: id, attempt, position, ours, at: Instant::now() };
    shop.calls.lock().unwrap().push(call);
    let fails = shop.fail.iter().any(|(order, times)| *order == id && attempt <= *times);
    if fails { Err(binder::Error::msg("not yet")) } else { Ok(()) }
}

/// Waits of 0.5 s and 3 s.
fn bench() -> Bench {
    Bench::new(&["orders"])
        .set("bindings.orders.order=none")
        .set("bindings.orders.retry.where=broker")
        .set("bindings.orders.retry.backoff.initial=500ms")
        .set("bindings.orders.retry.backoff.factor=6")
        .set("bindings.orders.retry.backoff.max=3s")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn r02_what_waits_at_the_broker_outlives_its_process_and_goes_on_counting() {
    let (bench, shop) = (bench(), Shop::new(&[(1, 2)], 0));
    let app = App::new(shop.clone()).bind(listeners![bill]).emit(emitters![send]);
    let running = bench.start(app).await;
    shop.called_at_least(2).await;
    assert_eq!(running.stop().await, Exit::Drained);
    let running = bench.start(App::new(shop.clone()).bind(listeners![bill])).await;
    shop.called_at_least(3).await;
    // Long enough for one that comes again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(running.stop().await, Exit::Drained);
    let calls = shop.calls();
    let attempts: Vec<_> = calls.iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert!(calls.iter().all(|call| call.ours == 0 && call.position == calls[0].position));
    for (pair, wait) in calls.windows(2).zip([450, 2_950]) {
        let waited = pair[1].at - pair[0].at;
        assert!(waited >= Duration::from_millis(wait), "{waited:?} instead of {wait} ms");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn q10_a_short_wait_does_not_wait_behind_a_long_one() {
    let (bench, shop) = (bench(), Shop::new(&[(1, 2), (2, 1)], 2));
    let app = App::new(shop.clone()).bind(listeners![bill]).emit(emitters![send]);
    let running = bench.start(app).await;
    shop.called_at_least(5).await;
    assert_eq!(running.stop().await, Exit::Drained);
    let order: Vec<_> = shop.calls().iter().map(|call| (call.order, call.attempt)).collect();
    assert_eq!(order, [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3)]);
}
