//! An input that is stopped and started while there is more for it.

use binder::{Bindings, Executor, Exit};

use crate::arrivals::Arrivals;
use crate::bench::Bench;
use crate::dice::Dice;
use crate::stop_and_start::{MESSAGES, app, stop_and_start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_and_started_under_load_it_loses_nothing_and_repeats_nothing() {
    for streams in [false, true] {
        let arrivals = Arrivals::default();
        let bench = Bench::new(Executor::new().unwrap()).set("bindings.numbers.concurrency=4");
        let app = app(streams, &arrivals);
        let bindings = app.bindings();
        let running = bench.start(app).await;
        stop_and_start(running, bindings, &arrivals).await;
    }
}

/// Whatever comes of it: what is not possible is refused.
async fn anything(bindings: Bindings, seed: u64) {
    let mut dice = Dice::new(seed);
    for _ in 0..200 {
        match dice.roll(5) {
            0 | 1 => drop(bindings.stop("numbers").await),
            2 => drop(bindings.start("numbers").await),
            3 => {
                drop(bindings.pause("numbers"));
                drop(bindings.resume("numbers"));
            }
            // Given up on the way.
            _ => {
                let given_up = std::time::Duration::from_micros(dice.roll(50));
                drop(tokio::time::timeout(given_up, bindings.start("numbers")).await);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stops_and_starts_at_once_nothing_is_lost_or_repeated() {
    for streams in [false, true] {
        let arrivals = Arrivals::default();
        let bench = Bench::new(Executor::new().unwrap()).set("bindings.numbers.concurrency=4");
        let app = app(streams, &arrivals);
        let bindings = app.bindings();
        let running = bench.start(app).await;
        let mut all = tokio::task::JoinSet::new();
        for seed in 1..4 {
            all.spawn(anything(bindings.clone(), seed));
        }
        all.join_all().await;
        bindings.start("numbers").await.unwrap();
        assert!(bindings.is_ready());
        arrivals.at_least(MESSAGES).await;
        assert_eq!(running.stop().await, Exit::Drained);
        assert_eq!((arrivals.all(), arrivals.by_name().len()), (MESSAGES, MESSAGES));
    }
}
