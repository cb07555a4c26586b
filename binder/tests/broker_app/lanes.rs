//! A slow function, one lane a key, in one process and in two that take over from one another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use binder::Exit;
use binder::prelude::*;
use futures::stream;

use crate::bench::{Bench, has_partitions};
use crate::floor::Floor;

const KEYS: usize = 64;
const PER_KEY: usize = 200;
const MESSAGES: usize = KEYS * PER_KEY;
const PACE: Duration = Duration::from_millis(10);
const CONCURRENCY: usize = 16;

/// What the processes of the application share.
#[derive(Clone, Default)]
struct Shop {
    floor: Floor,
    emitted: Arc<AtomicBool>,
}

/// The first process sends everything.
#[stream_emitter]
#[output("numbers")]
fn numbers(State(shop): State<Shop>) -> impl Stream<Item = Out<usize>> {
    let count = if shop.emitted.swap(true, Ordering::Relaxed) { 0 } else { MESSAGES };
    stream::iter(0..count).map(|number| Out::new(number).key((number % KEYS).to_string()))
}

#[stream_listener]
#[input("numbers")]
async fn slow(number: usize, State(shop): State<Shop>) {
    shop.floor.handle(number % KEYS, number / KEYS, PACE).await;
}

fn app(shop: &Shop) -> App<Shop> {
    App::new(shop.clone()).bind(listeners![slow]).emit(emitters![numbers])
}

fn bench() -> Bench {
    Bench::new(&["numbers"])
        .set("bindings.numbers.order=key")
        .set(&format!("bindings.numbers.concurrency={CONCURRENCY}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn by_key_a_slow_function_runs_as_often_at_once_as_it_may() {
    let bench = match has_partitions() {
        true => bench().set("bindings.numbers.partition_count=1"),
        false => bench(),
    };
    let shop = Shop::default();
    let running = bench.start(app(&shop)).await;
    shop.floor.at_least(MESSAGES).await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(shop.floor.wrong(), Vec::<String>::new());
    assert_eq!(shop.floor.repeated(), 0);
    let at_once = shop.floor.at_once();
    assert!(at_once > 0.75 * CONCURRENCY as f64, "{at_once} of {CONCURRENCY} in the mean");
}

/// A second process joins, then the first leaves: messages of a key are handled one after another
/// and in order all the same, and none twice: the keys that are behind catch up first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn by_key_order_holds_while_one_process_takes_over_from_another() {
    let bench = bench().set("bindings.numbers.partition_count=8");
    let shop = Shop::default();
    let first = bench.start(app(&shop)).await;
    shop.floor.at_least(MESSAGES / 8).await;
    let second = bench.start(app(&shop)).await;
    shop.floor.at_least(MESSAGES / 2).await;
    assert!(shop.floor.handled() < MESSAGES, "nothing was left to take over");
    assert_eq!(first.stop().await, Exit::Drained);
    shop.floor.at_least(MESSAGES).await;
    assert_eq!(second.stop().await, Exit::Drained);
    assert_eq!(shop.floor.wrong(), Vec::<String>::new());
    assert_eq!(shop.floor.repeated(), 0);
}
