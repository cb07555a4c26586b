//! A slow function makes the fast ones before it wait, and a stop gets through all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use binder::prelude::*;
use binder::{Executor, Exit};
use futures::stream;
use tokio::time::Instant;

use crate::arrivals::Arrivals;
use crate::bench::Bench;

/// How many small messages there are.
const MESSAGES: usize = 200_000;

/// What a destination of eight partitions keeps for its groups.
const KEPT: usize = 80_000;

/// What an emitter may have taken from its stream and not brought to a destination, at most.
const UNCONFIRMED: usize = 16_384 + 512;

#[derive(Clone, Default)]
struct Shop {
    emitted: Arc<AtomicUsize>,
    arrivals: Arrivals,
    pace: Duration,
}

#[stream_emitter]
#[output("numbers")]
fn numbers(State(shop): State<Shop>) -> impl Stream<Item = usize> {
    stream::iter(0..MESSAGES).inspect(move |_| {
        shop.emitted.fetch_add(1, Ordering::Relaxed);
    })
}

#[stream_listener]
#[input("numbers")]
#[output("copies")]
async fn copy(number: usize) -> usize {
    number
}

#[stream_listener]
#[input("copies")]
async fn slow(number: usize, State(shop): State<Shop>) {
    tokio::time::sleep(shop.pace).await; // virtual: the sink is slow
    shop.arrivals.add((number % 10).to_string());
}

fn app(shop: &Shop) -> App<Shop> {
    App::new(shop.clone()).bind(listeners![copy, slow]).emit(emitters![numbers])
}

#[tokio::test(start_paused = true)]
async fn a_slow_sink_keeps_what_is_held_for_it_bounded() {
    let bench = Bench::new(Executor::current());
    let shop = Shop { pace: Duration::from_millis(1), ..Shop::default() };
    let running = bench.start(app(&shop)).await;
    let mut most = (0, 0, 0);
    while shop.arrivals.all() < MESSAGES {
        tokio::time::sleep(Duration::from_millis(500)).await; // virtual: one look in 500 messages
        let emitted = shop.emitted.load(Ordering::Relaxed);
        let (numbers, copies) =
            (bench.backlog("numbers", "shop.copy"), bench.backlog("copies", "shop.slow"));
        let ahead = emitted - shop.arrivals.all();
        most = (most.0.max(numbers), most.1.max(copies), most.2.max(ahead));
        assert!(numbers <= KEPT && copies <= KEPT, "{numbers} and {copies} are kept");
        // The few that the functions hold between the two destinations are counted as kept.
        assert!(ahead <= 2 * KEPT + UNCONFIRMED + 2_048, "the emitter is {ahead} ahead");
    }
    assert!(most.0 > KEPT / 2 && most.1 == KEPT, "there was no pressure: at most {most:?}");
    assert_eq!(running.stop().await, Exit::Drained);
    let expected: Vec<_> = (0..10).map(|i| (i.to_string(), MESSAGES / 10)).collect();
    assert_eq!(shop.arrivals.by_name().into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_stop_under_pressure_drains_within_the_grace() {
    let bench = Bench::new(Executor::current());
    let shop = Shop { pace: Duration::from_millis(1), ..Shop::default() };
    let running = bench.start(app(&shop)).await;
    while bench.backlog("copies", "shop.slow") < KEPT {
        tokio::time::sleep(Duration::from_millis(1)).await; // virtual: lets the application work
    }
    tokio::time::sleep(Duration::from_secs(1)).await; // virtual: the pressure reaches the emitter
    let start = Instant::now();
    assert_eq!(running.stop().await, Exit::Drained);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
