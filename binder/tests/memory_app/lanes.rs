//! A slow function, one lane a key.

use std::time::Duration;

use binder::prelude::*;
use binder::{Executor, Exit};
use futures::stream;

use crate::bench::Bench;
use crate::floor::Floor;

const KEYS: usize = 64;
const PER_KEY: usize = 50;
const PACE: Duration = Duration::from_millis(10);

#[stream_emitter]
#[output("numbers")]
fn numbers() -> impl Stream<Item = Out<usize>> {
    stream::iter(0..KEYS * PER_KEY).map(|number| Out::new(number).key((number % KEYS).to_string()))
}

#[stream_listener]
#[input("numbers")]
async fn slow(number: usize, State(floor): State<Floor>) {
    floor.handle(number % KEYS, number / KEYS, PACE).await;
}

/// How many calls ran at once, in the mean, over one partition.
async fn at_once(concurrency: usize) -> f64 {
    let bench = Bench::new(Executor::current())
        .set("bindings.numbers.partition_count=1")
        .set("bindings.numbers.order=key")
        .set(&format!("bindings.numbers.concurrency={concurrency}"));
    let floor = Floor::default();
    let app = App::new(floor.clone()).bind(listeners![slow]).emit(emitters![numbers]);
    let running = bench.start(app).await;
    floor.at_least(KEYS * PER_KEY).await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(floor.wrong(), Vec::<String>::new());
    assert_eq!(floor.repeated(), 0);
    floor.at_once()
}

#[tokio::test(start_paused = true)]
async fn by_key_a_slow_function_is_as_many_times_faster_as_it_may_run_at_once() {
    for concurrency in [1, 4, 16] {
        let at_once = at_once(concurrency).await;
        let full = concurrency as f64;
        assert!(at_once > 0.95 * full && at_once < 1.001 * full, "{at_once} of {concurrency}");
    }
}
