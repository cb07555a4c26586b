//! Keys that are behind others when their partition goes away.

use std::sync::Arc;
use std::time::Duration;

use binder_core::{Message, Settlement};
use tokio::sync::Semaphore;

use super::bench::{Bench, Function, function};
use crate::runtime::input::RunningInput;
use crate::runtime::plan::Order;
use crate::runtime::spawn::Executor;

/// Messages by key, in the order of their positions.
const KEYS: [&str; 8] = ["a", "b", "a", "b", "b", "a", "a", "a"];

/// A function that waits for a permit before it handles a message of key `a`.
fn slow_for_a() -> (Arc<Semaphore>, Function) {
    let gate = Arc::new(Semaphore::new(0));
    let waits = gate.clone();
    let function = function(move |message, _| {
        let gate = waits.clone();
        async move {
            if message.key.as_deref() == Some(b"a") {
                gate.acquire().await.unwrap().forget();
            }
            Ok(vec![])
        }
    });
    (gate, function)
}

/// A binding that has handled every `b` and is busy with the first `a`.
async fn ahead() -> (Bench, Arc<Semaphore>, RunningInput) {
    let mut bench = Bench::new(Executor::current());
    (bench.plan.order, bench.plan.concurrency) = (Order::Key, 2);
    bench.input.push(KEYS.iter().map(|key| Message::new(*key).with_key(*key)));
    let (gate, function) = slow_for_a();
    let running = bench.call(function).await;
    bench.input.settled_at_least(3).await;
    (bench, gate, running)
}

fn acknowledged(bench: &Bench) -> Vec<u64> {
    let settled = bench.input.settlements().into_iter();
    let acks = settled.filter(|(_, what)| *what == Settlement::Ack);
    let mut positions: Vec<_> = acks.map(|(tag, _)| tag.sequence).collect();
    positions.sort_unstable();
    positions
}

#[tokio::test(start_paused = true)]
async fn a_drain_lets_them_catch_up_and_goes_no_further() {
    let (bench, gate, mut running) = ahead().await;
    running.flow.drain(None);
    gate.add_permits(KEYS.len());
    running.ended().await.unwrap();
    // The `a` at 2 lies below the `b` at 4; those from 5 on lie above everything that had started.
    assert_eq!(acknowledged(&bench), [0, 1, 2, 3, 4]);
    assert_eq!(bench.input.settlements().len(), KEYS.len());
}

#[tokio::test(start_paused = true)]
async fn a_drain_takes_no_longer_for_it_than_a_hand_over() {
    let (bench, gate, mut running) = ahead().await;
    running.flow.drain(None);
    tokio::time::sleep(bench.plan.drain / 2 + Duration::from_millis(1)).await; // virtual
    gate.add_permits(KEYS.len());
    running.ended().await.unwrap();
    assert_eq!(acknowledged(&bench), [0, 1, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn they_catch_up_while_the_partition_that_moves_has_time_left() {
    for late in [false, true] {
        let (bench, gate, _running) = ahead().await;
        bench.input.revoke(0);
        if late {
            tokio::time::sleep(bench.plan.drain / 2 + Duration::from_millis(1)).await; // virtual
        }
        gate.add_permits(KEYS.len());
        bench.input.settled_at_least(KEYS.len()).await;
        // What has begun is finished even then.
        let expected: &[u64] = if late { &[0, 1, 3, 4] } else { &[0, 1, 2, 3, 4] };
        assert_eq!(acknowledged(&bench), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_paused_binding_starts_nothing_on_its_way_out() {
    let (bench, gate, mut running) = ahead().await;
    running.flow.pause(true);
    running.flow.drain(None);
    gate.add_permits(KEYS.len());
    running.ended().await.unwrap();
    assert_eq!(acknowledged(&bench), [0, 1, 3, 4]);
}
