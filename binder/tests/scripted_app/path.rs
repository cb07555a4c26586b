//! The data path: batches cross, messages do not, and a publish never holds the next message.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use binder::prelude::*;
use binder_core::{Error, ErrorKind, Settlement};
use tokio::time::Instant;

use crate::bench::{Bench, Order, count, order};

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order) -> Order {
    order
}

async fn bill_all(messages: usize) -> Bench {
    let bench = Bench::new();
    let orders = bench.input("orders").partitions(8);
    orders.preload(messages, |i| order(i).with_key(format!("customer-{}", i % 100)));
    let running = bench.listen(listeners![bill]).await;
    orders.settled_at_least(messages).await;
    assert_eq!(count(&orders, Settlement::Ack), messages);
    assert_eq!(bench.published("invoices").len(), messages);
    running.stop().await;
    bench
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_messages_come_and_go_in_at_most_400_batches() {
    let bench = bill_all(10_000).await;
    let orders = bench.input("orders");
    let (taken, sent) = (orders.calls_with_deliveries(), bench.binder.output("invoices").calls());
    assert!(taken <= 400, "{taken} calls brought deliveries");
    assert!(sent <= 400, "{sent} calls carried outputs");
    assert!(orders.calls_with_settlements() <= 400, "{}", orders.calls_with_settlements());
}

#[tokio::test(start_paused = true)]
async fn as_many_tasks_for_ten_thousand_messages_as_for_a_hundred() {
    let (few, many) = (bill_all(100).await, bill_all(10_000).await);
    assert_eq!(few.executor.spawned(), many.executor.spawned());
    assert!(few.executor.spawned() > 0, "nothing was counted");
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_confirms_after_50_ms_settles_a_thousand_messages_within_a_second() {
    let bench = Bench::new();
    let orders = bench.input("orders");
    orders.preload(1_000, order);
    let _invoices = bench.binder.output("invoices").confirm_after(Duration::from_millis(50));
    let start = Instant::now();
    let running = bench.listen(listeners![bill]).await;
    orders.settled_at_least(1_000).await;
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(50), "settled before it was confirmed: {took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    running.stop().await;
}

#[stream_listener]
#[input("orders")]
#[output("invoices", "shipments")]
async fn enrich(order: Order, State(calls): State<Arc<AtomicUsize>>) -> (Order, Order) {
    calls.fetch_add(1, Ordering::Relaxed);
    (order.clone(), order)
}

#[tokio::test(start_paused = true)]
async fn of_two_outputs_the_second_refused_twice_the_first_is_sent_once_after_one_call() {
    let bench = Bench::new();
    let no_leader = || Error::new(ErrorKind::Publish, "no leader");
    let shipments = bench.binder.output("shipments").refuse(2, |_| true, no_leader);
    bench.input("orders").push([order(1)]);
    let calls = Arc::new(AtomicUsize::new(0));
    let app = App::new(calls.clone()).bind(listeners![enrich]);
    let running = bench.start(app).await.unwrap();
    bench.input("orders").settled_at_least(1).await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(bench.texts("invoices"), [r#"{"id":1}"#]);
    assert_eq!(bench.texts("shipments"), [r#"{"id":1}"#]);
    assert_eq!(shipments.refused(), 2);
    assert_eq!(count(&bench.input("orders"), Settlement::Ack), 1);
    running.stop().await;
}

/// Blocks its thread at order 0 until it is released.
#[derive(Clone)]
struct Block {
    released: Arc<Mutex<mpsc::Receiver<()>>>,
    entered: mpsc::SyncSender<()>,
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn block(order: Order, State(block): State<Block>) -> Order {
    if order.id == 0 {
        block.entered.send(()).unwrap();
        block.released.lock().unwrap().recv().unwrap();
    }
    order
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_blocks_its_thread_delays_no_message_of_another_lane() {
    let mut bench = Bench::new().set("bindings.orders.concurrency=2");
    bench.executor = binder::Executor::new().unwrap();
    let orders = bench.input("orders").partitions(8);
    let ((release, released), (entered, has_entered)) = (mpsc::channel(), mpsc::sync_channel(1));
    let state = Block { released: Arc::new(Mutex::new(released)), entered };
    let running = bench.start(App::new(state).bind(listeners![block])).await.unwrap();
    orders.push_to(0, [order(0)]);
    tokio::task::spawn_blocking(move || has_entered.recv().unwrap()).await.unwrap();
    // One of the two workers is blocked now, until everything else is settled.
    for partition in 1..8 {
        orders.push_to(partition, (1..=1_000).map(order));
    }
    let others = tokio::time::timeout(Duration::from_secs(60), orders.settled_at_least(7_000));
    let others = others.await;
    release.send(()).unwrap();
    assert!(others.is_ok(), "{} of 7,000 were settled while one was blocked", orders.settled());
    orders.settled_at_least(7_001).await;
    running.stop().await;
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn yielding(order: Order) -> Order {
    for _ in 0..order.id % 4 {
        tokio::task::yield_now().await;
    }
    order
}

#[tokio::test(start_paused = true)]
async fn outputs_keep_the_order_of_their_key_under_concurrency() {
    let bench = Bench::new().set("bindings.orders.concurrency=8").set("bindings.orders.order=key");
    let orders = bench.input("orders").partitions(4);
    for i in 0..4_000_usize {
        // A key lives in one partition, as it does on every broker.
        let key = i % 40;
        orders.push_to((key % 4) as u32, [order(i).with_key(key.to_string())]);
    }
    let running = bench.listen(listeners![yielding]).await;
    orders.settled_at_least(4_000).await;
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    for message in bench.published("invoices") {
        let order: Order = serde_json::from_slice(&message.payload.unwrap()).unwrap();
        let before = last.insert(order.id % 40, order.id);
        assert!(before < Some(order.id), "{} came behind {before:?}", order.id);
    }
    assert_eq!(last.len(), 40);
    running.stop().await;
}
