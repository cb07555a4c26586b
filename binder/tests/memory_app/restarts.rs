//! Stopped and started over and over on real threads, an application handles everything once.

use std::collections::BTreeMap;

use binder::prelude::*;
use binder::{Executor, Exit, Registered};
use futures::stream;

use crate::arrivals::Arrivals;
use crate::bench::Bench;

const MESSAGES: usize = 20_000;

#[stream_emitter]
#[output("numbers")]
fn numbers() -> impl Stream<Item = Out<usize>> {
    stream::iter((0..MESSAGES).map(|i| Out::new(i).key((i % 100).to_string())))
}

#[stream_listener]
#[input("numbers")]
async fn count(number: usize, State(arrivals): State<Arrivals>) {
    if number.is_multiple_of(3) {
        tokio::task::yield_now().await;
    }
    arrivals.add(number.to_string());
}

#[stream_listener]
#[input("numbers")]
fn count_stream(
    numbers: Messages<usize>,
    State(arrivals): State<Arrivals>,
) -> impl Stream<Item = Step<()>> {
    let count = move |message: Message<usize>| {
        let arrivals = arrivals.clone();
        message.and_then(move |number| async move {
            tokio::task::yield_now().await;
            arrivals.add(number.to_string());
            Ok(())
        })
    };
    numbers.map(count).buffer_unordered(16)
}

async fn each_once(listener: fn() -> Vec<Registered<Arrivals>>, group: &str) {
    let bench = Bench::new(Executor::new().unwrap());
    let required = format!("bindings.numbers.required_groups=[\"{group}\"]");
    let filling = bench.clone().set(&required).start(App::new(()).emit(emitters![numbers])).await;
    assert_eq!(filling.ended().await, Exit::Drained);
    // In the order of partitions: where a later message of a partition may be done before an
    // earlier one, a stop between the two repeats it.
    let bench = bench.set("bindings.numbers.concurrency=3");
    let arrivals = Arrivals::default();
    let mut starts = 0;
    while bench.backlog("numbers", group) > 0 {
        starts += 1;
        assert!(starts < 1_000, "it does not come to an end");
        let running = bench.start(App::new(arrivals.clone()).bind(listener())).await;
        arrivals.at_least(MESSAGES.min(arrivals.all() + 500)).await;
        assert_eq!(running.stop().await, Exit::Drained);
    }
    assert!(starts > 3, "it was started only {starts} times");
    let expected: BTreeMap<_, _> = (0..MESSAGES).map(|i| (i.to_string(), 1)).collect();
    let found = arrivals.by_name();
    let wrong = found.iter().filter(|(name, n)| expected.get(*name) != Some(n));
    assert_eq!(wrong.take(5).collect::<Vec<_>>(), []);
    assert_eq!(found.len(), MESSAGES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls() {
    each_once(|| listeners![count], "shop.count").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_function() {
    each_once(|| listeners![count_stream], "shop.count_stream").await;
}
