//! Lanes: at most n at once, never two of one lane.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use binder_core::Message;
use tokio::time::Instant;

use super::bench::{Bench, function, texts};
use crate::function::failure::{Class, Failure};
use crate::runtime::plan::Order;
use crate::runtime::spawn::Executor;

#[tokio::test(start_paused = true)]
async fn slow_calls_overlap_up_to_the_concurrency_and_keep_the_order_of_a_key() {
    let mut bench = Bench::new(Executor::current());
    (bench.plan.order, bench.plan.concurrency) = (Order::Key, 8);
    bench.input.preload(400, |i| Message::new(i.to_string()).with_key(format!("k{}", i % 16)));
    let slow = function(|message, _| async move {
        // Virtual time: what a slow function does.
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok(vec![(0, message)])
    });
    let start = Instant::now();
    let _running = bench.call(slow).await;
    bench.input.settled_at_least(400).await;
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_millis(650), "400 x 10 ms over 8 took {elapsed:?}");
    assert!(elapsed >= Duration::from_millis(490), "more than 8 at once: {elapsed:?}");
    let mut last: HashMap<usize, usize> = HashMap::new();
    for text in texts(&bench.first.published()) {
        let number: usize = text.parse().unwrap();
        if let Some(before) = last.insert(number % 16, number) {
            assert!(before < number, "{before} after {number}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r14_a_failing_key_holds_its_lane_alone() {
    let mut bench = Bench::new(Executor::current());
    bench.plan.order = Order::Key;
    let keys = ["a", "b", "a", "c", "b"];
    bench
        .input
        .push(keys.iter().enumerate().map(|(i, k)| Message::new(i.to_string()).with_key(*k)));
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = order.clone();
    let flaky = function(move |message, attempt| {
        let text = String::from_utf8_lossy(message.payload.as_deref().unwrap()).into_owned();
        let fail = text == "0" && attempt == 1;
        if !fail {
            seen.lock().unwrap().push(text);
        }
        std::future::ready(if fail {
            Err(Failure::new(Class::Transient, "busy"))
        } else {
            Ok(vec![])
        })
    });
    let _running = bench.call(flaky).await;
    bench.input.settled_at_least(5).await;
    assert_eq!(*order.lock().unwrap(), ["1", "3", "4", "0", "2"]);
}

#[tokio::test(start_paused = true)]
async fn r13_however_much_waits_behind_a_failed_or_slow_message_others_go_on() {
    for slow in [false, true] {
        let mut bench = Bench::new(Executor::current());
        bench.plan.limit.messages = 65_536;
        (bench.plan.concurrency, bench.input) = (2, bench.input.partitions(2));
        // Even ones to the first partition, odd ones to the second.
        bench.input.preload(40_000, |i| Message::new(i.to_string()));
        let first = function(move |message, attempt| async move {
            let is_first = message.payload.as_deref() == Some(b"0") && attempt == 1;
            if is_first && slow {
                tokio::time::sleep(Duration::from_secs(1)).await; // virtual: a call that takes long
            }
            let failure = Failure::new(Class::Transient, "busy");
            if is_first && !slow { Err(failure) } else { Ok(vec![]) }
        });
        let start = Instant::now();
        let _running = bench.call(first).await;
        bench.input.settled_at_least(20_000).await;
        assert!(start.elapsed() < Duration::from_millis(500), "they waited for the first");
        bench.input.settled_at_least(40_000).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_goes_on_is_not_kept_waiting_by_a_lane_that_never_ends() {
    let mut bench = Bench::new(Executor::current());
    bench.plan.limit.messages = 65_536;
    (bench.plan.concurrency, bench.input) = (2, bench.input.partitions(3));
    bench.input.push_to(0, [Message::new("at once")]);
    bench.input.push_to(1, [Message::new("1")]);
    bench.input.push_to(2, [Message::new("3")]);
    bench.input.push_to(0, (0..60_000).map(|_| Message::new("at once")));
    let (done, at) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(usize::MAX)));
    let (counted, last) = (done.clone(), at.clone());
    let waits = function(move |message, _| {
        let (counted, last) = (counted.clone(), last.clone());
        async move {
            let text = String::from_utf8_lossy(message.payload.as_deref().unwrap()).into_owned();
            let mut waits = text.parse().unwrap_or(0);
            poll_fn(|cx| {
                if waits == 0 {
                    return Poll::Ready(());
                }
                waits -= 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            let before = counted.fetch_add(1, Ordering::Relaxed);
            if text == "3" {
                last.store(before, Ordering::Relaxed);
            }
            Ok(vec![])
        }
    });
    let _running = bench.call(waits).await;
    bench.input.settled_at_least(60_003).await;
    let at = at.load(Ordering::Relaxed);
    assert!(at < 20_000, "it was done after {at} others");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_kept_while_another_lane_never_ends() {
    let mut bench = Bench::new(Executor::current());
    bench.plan.deadline = Some(Duration::ZERO);
    bench.plan.policy = super::bench::policy(1, true);
    bench.plan.limit.messages = 65_536;
    (bench.plan.concurrency, bench.input) = (2, bench.input.partitions(2));
    bench.input.push_to(0, [Message::new("hangs")]);
    bench.input.push_to(1, (0..60_000).map(|_| Message::new("at once")));
    let hangs = function(|message, _| async move {
        if message.payload.as_deref() == Some(b"hangs") {
            std::future::pending::<()>().await;
        }
        Ok(vec![])
    });
    let _running = bench.call(hangs).await;
    bench.dead.published_at_least(1).await;
    let settled = bench.input.settled();
    // The runtime looks at its timers every 61 polls.
    assert!(settled < 50_000, "it was given up after {settled} others");
}

#[test]
fn a_function_that_blocks_its_thread_delays_no_other_lane() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut bench = Bench::new(Executor::new().unwrap());
        bench.plan.concurrency = 2;
        bench.input = bench.input.partitions(2);
        let (open, opened) = std::sync::mpsc::channel::<()>();
        let opened = Arc::new(Mutex::new(opened));
        let gate = opened.clone();
        let blocks = function(move |message, _| {
            if message.payload.as_deref() == Some(b"block") {
                // Ends the test with a failure instead of a hang.
                gate.lock().unwrap().recv_timeout(Duration::from_secs(5)).ok();
            }
            std::future::ready(Ok(vec![(0, message)]))
        });
        let _running = bench.call(blocks).await;
        bench.input.push_to(0, [Message::new("block")]);
        bench.input.push_to(0, (0..100).map(|i| Message::new(format!("behind {i}"))));
        for round in 0..20 {
            bench.input.push_to(1, (0..100).map(|i| Message::new(format!("{round} {i}"))));
            let settled = bench.input.settled_at_least((round + 1) * 100);
            let waited = tokio::time::timeout(Duration::from_secs(2), settled).await;
            assert!(
                waited.is_ok(),
                "the other lane waits: round {round}, settled {}",
                bench.input.settled()
            );
        }
        open.send(()).unwrap();
        bench.input.settled_at_least(2_101).await;
    });
    runtime.shutdown_background();
}

/// Concurrency 2 on two workers: a lane that becomes ready behind a call that waits.
#[test]
fn a_ready_lane_wakes_a_task_that_is_idle_and_not_one_that_was() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        for _ in 0..20 {
            let mut bench = Bench::new(Executor::new().unwrap());
            bench.plan.concurrency = 2;
            bench.input = bench.input.partitions(3);
            bench.first = bench.first.hold_confirmations();
            let gate = Arc::new(tokio::sync::Semaphore::new(0));
            let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
            let waits = gate.clone();
            let call = function(move |message, _| {
                let (gate, started) = (waits.clone(), started.clone());
                async move {
                    started.send(()).unwrap();
                    if message.payload.as_deref() == Some(b"wait") {
                        gate.acquire().await.unwrap().forget();
                    }
                    Ok(vec![])
                }
            });
            let _running = bench.call(call).await;
            bench.input.push_to(0, ["wait"].map(Message::new));
            starts.recv().await.unwrap();
            bench.input.push_to(0, ["wait"].map(Message::new));
            gate.add_permits(1);
            starts.recv().await.unwrap();
            // One task waits with the second message; the other is idle and has to take this.
            bench.input.push_to(1, ["go"].map(Message::new));
            let next = tokio::time::timeout(Duration::from_secs(2), starts.recv()).await;
            assert!(next.is_ok(), "the idle task slept on");
            gate.add_permits(1);
            bench.input.settled_at_least(3).await;
        }
    });
    runtime.shutdown_background();
}
