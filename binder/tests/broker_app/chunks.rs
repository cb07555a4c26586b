//! A stream function that needs a hundred messages for one result.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use binder::Exit;
use binder::prelude::*;
use futures::stream;

use crate::arrivals::Arrivals;
use crate::bench::{Bench, has_partitions};

const MESSAGES: usize = 100_000;
const CHUNK: usize = 100;

/// What was added up, and where the numbers begin.
#[derive(Clone, Default)]
struct Sums {
    from: Arc<AtomicUsize>,
    arrivals: Arrivals,
}

#[stream_emitter]
#[output("numbers")]
fn numbers(State(sums): State<Sums>) -> impl Stream<Item = usize> {
    let from = sums.from.load(Ordering::Relaxed);
    stream::iter(from..if from < MESSAGES { MESSAGES } else { from + CHUNK })
}

#[stream_listener]
#[input("numbers")]
fn add(numbers: Messages<usize>, State(sums): State<Sums>) -> impl Stream<Item = Step<()>> {
    numbers.chunks(CHUNK).map(move |chunk| {
        let sums = sums.clone();
        Message::join(chunk).map(move |numbers| {
            numbers.into_iter().for_each(|number| sums.arrivals.add(number.to_string()));
        })
    })
}

fn app(sums: &Sums) -> App<Sums> {
    App::new(sums.clone()).bind(listeners![add]).emit(emitters![numbers])
}

/// At default settings. What is settled does not come again: the next hundred are the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn chunks_over_one_partition_settle_everything() {
    let bench = Bench::new(&["numbers"]);
    let bench = match has_partitions() {
        true => bench.set("bindings.numbers.partition_count=1"),
        false => bench,
    };
    let sums = Sums::default();
    let running = bench.start(app(&sums)).await;
    sums.arrivals.at_least(MESSAGES).await;
    assert_eq!(running.stop().await, Exit::Drained);
    let once = |arrivals: &Arrivals| arrivals.by_name().into_values().all(|count| count == 1);
    assert!(once(&sums.arrivals), "a number came twice");
    let next = Sums { from: Arc::new(MESSAGES.into()), ..Sums::default() };
    let running = bench.start(app(&next)).await;
    next.arrivals.at_least(CHUNK).await;
    assert_eq!(running.stop().await, Exit::Drained);
    let numbers: Vec<_> = next.arrivals.by_name().into_keys().collect();
    let expected: Vec<_> = (MESSAGES..MESSAGES + CHUNK).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected);
}
