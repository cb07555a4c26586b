//! Batches cross boundaries, messages do not.

use std::time::Duration;

use binder_core::Message;
use tokio::time::Instant;

use super::bench::{Bench, forward};
use crate::runtime::plan::Order;
use crate::runtime::spawn::Executor;

async fn run(count: usize, order: Order) -> (Bench, usize) {
    let mut bench = Bench::new(Executor::current());
    bench.plan.order = order;
    bench.input.preload(count, |i| Message::new(i.to_string()).with_key(format!("k{}", i % 100)));
    let _running = bench.call(forward()).await;
    bench.input.settled_at_least(count).await;
    let spawned = bench.executor.spawned();
    (bench, spawned)
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_messages_cross_in_at_most_400_batches_each_way() {
    for order in [Order::Partition, Order::Key] {
        let (bench, _) = run(10_000, order).await;
        assert_eq!(bench.first.published_count(), 10_000);
        assert!(bench.input.calls_with_deliveries() <= 400);
        assert!(bench.first.calls() <= 400, "{order:?}: {}", bench.first.calls());
        assert!(bench.input.calls_with_settlements() <= 400);
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_tasks_for_ten_thousand_messages_as_for_a_hundred() {
    let (_, few) = run(100, Order::Partition).await;
    let (_, many) = run(10_000, Order::Partition).await;
    assert_eq!(few, many);
    assert!(few > 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_confirmation_does_not_hold_the_next_message() {
    let bench = Bench::new(Executor::current());
    let first = bench.first.clone().confirm_after(Duration::from_millis(50));
    bench.input.preload(1_000, |i| Message::new(i.to_string()));
    let start = Instant::now();
    let _running = bench.call(forward()).await;
    bench.input.settled_at_least(1_000).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(start.elapsed() >= Duration::from_millis(50), "the publisher was not slow");
    assert_eq!(first.published_count(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn never_more_in_flight_than_max_in_flight() {
    let mut bench = Bench::new(Executor::current());
    bench.plan.limit.messages = 32;
    let _first = bench.first.clone().confirm_after(Duration::from_millis(5));
    bench.input.preload(1_000, |i| Message::new(i.to_string()));
    let _running = bench.call(forward()).await;
    bench.input.settled_at_least(1_000).await;
    assert!(bench.input.max_unsettled() <= 32, "{}", bench.input.max_unsettled());
}
