//! Draining, revocation, a subscription that fails.

use std::sync::Arc;
use std::time::Duration;

use binder_core::{Error, ErrorKind, Message, Settlement};
use tokio::sync::Semaphore;

use super::bench::{Bench, Function, forward, function};
use crate::function::failure::{Class, Failure};
use crate::runtime::spawn::Executor;

/// A function that waits for a permit before it forwards.
fn gated() -> (Arc<Semaphore>, Function) {
    let gate = Arc::new(Semaphore::new(0));
    let waits = gate.clone();
    let function = function(move |message, _| {
        let gate = waits.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(vec![(0, message)])
        }
    });
    (gate, function)
}

#[tokio::test(start_paused = true)]
async fn a_drain_finishes_what_has_started_and_gives_the_rest_back() {
    let bench = Bench::new(Executor::current());
    let first = bench.first.clone().confirm_after(Duration::from_millis(100));
    bench.input.preload(50, |i| Message::new(i.to_string()));
    let (gate, function) = gated();
    let mut running = bench.call(function).await;
    gate.add_permits(10);
    first.published_at_least(10).await;
    tokio::time::advance(Duration::from_millis(1)).await;
    running.flow.drain(None);
    gate.add_permits(1);
    running.ended().await.unwrap();
    let settlements = bench.input.settlements();
    let acked = settlements.iter().filter(|(_, what)| *what == Settlement::Ack).count();
    let released = settlements.iter().filter(|(_, what)| *what == Settlement::Release).count();
    assert_eq!((acked, released), (11, 39));
    assert_eq!(first.published_count(), 11);
    assert!(bench.input.closed());
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_try_again() {
    let bench = Bench::new(Executor::current());
    bench.input.push([Message::new("x")]);
    let fails = function(|_, _| std::future::ready(Err(Failure::new(Class::Transient, "busy"))));
    let mut running = bench.call(fails).await;
    tokio::time::sleep(Duration::from_millis(1)).await; // virtual: lets the first attempt fail
    running.flow.drain(None);
    running.ended().await.unwrap();
    assert_eq!(bench.input.settlements()[0].1, Settlement::Release);
    assert_eq!(bench.dead.published_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_has_not_started_goes_back_when_its_partition_is_revoked() {
    let mut bench = Bench::new(Executor::current());
    bench.input = bench.input.partitions(2);
    bench.input.push_to(0, (0..10).map(|i| Message::new(format!("0 {i}"))));
    bench.input.push_to(1, (0..10).map(|i| Message::new(format!("1 {i}"))));
    let (gate, function) = gated();
    let _running = bench.call(function).await;
    bench.input.until(|input| input.unsettled() == 20).await;
    tokio::time::sleep(Duration::from_millis(1)).await; // virtual: lets the first call start
    bench.input.revoke(0);
    gate.add_permits(1);
    bench.input.settled_at_least(10).await;
    let of = |partition, what| {
        bench
            .input
            .settlements()
            .iter()
            .filter(|(t, w)| t.partition == partition && *w == what)
            .count()
    };
    assert_eq!((of(0, Settlement::Ack), of(0, Settlement::Release)), (1, 9));
    gate.add_permits(10);
    bench.input.settled_at_least(20).await;
    assert_eq!(of(1, Settlement::Ack), 10);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_fails_ends_the_binding_with_its_cause() {
    let bench = Bench::new(Executor::current());
    bench.input.preload(10, |i| Message::new(i.to_string()));
    let mut running = bench.call(forward()).await;
    bench.input.settled_at_least(10).await;
    bench.input.fail(Error::new(ErrorKind::Auth, "access was revoked"));
    let error = running.ended().await.unwrap_err().to_string();
    assert!(error.contains("access was revoked") && error.contains("binding `in`"), "{error}");
}
