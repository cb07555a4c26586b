//! Connections that are lost, queues that are deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use binder_amqp::AmqpBinder;
use binder_core::Completed;
use tokio::time::{Instant, sleep};

use crate::proxy::Proxy;
use crate::support::{
    Input, Output, PATIENCE, binder, input, number, numbered, numbers, output, raw, settings,
    through, unique,
};

/// Publishes each number until it is confirmed.
async fn persist(output: &Output, all: std::ops::Range<usize>) -> usize {
    let mut repeated = 0;
    for start in all.clone().step_by(500) {
        let mut left: Vec<_> = (start..(start + 500).min(all.end)).collect();
        while !left.is_empty() {
            let outcomes = output.outcomes(left.iter().map(|n| numbered(*n)).collect()).await;
            let outcomes = left.iter().zip(outcomes);
            left = outcomes
                .filter_map(|(number, outcome)| match outcome {
                    Completed::Confirmed(_) => None,
                    Completed::Unknown(_) => Some(*number),
                    Completed::Refused(why) => {
                        assert!(why.is_transient(), "{why:?}");
                        Some(*number)
                    }
                    other => panic!("{other:?}"),
                })
                .collect();
            repeated += left.len();
        }
    }
    repeated
}

/// Reads and settles until every number below `all` has come.
async fn read_all(reader: &mut Input, all: usize) -> BTreeMap<usize, usize> {
    let mut seen = BTreeMap::new();
    while seen.len() < all {
        let came = reader.next(200).await;
        reader.settle(&came);
        for delivery in &came {
            *seen.entry(number(&delivery.message)).or_default() += 1;
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn q01_connections_cut_under_load_lose_nothing() {
    const ALL: usize = 10_000;
    let proxy = Proxy::start().await;
    let (sending, reading, name) = (through(&proxy), through(&proxy), unique("cut"));
    let output = Output::bind(&sending, &output(&name, &["g"])).await;
    let mut reader = Input::bind(&reading, &input(&name, "g")).await;
    // Each time when both are back at work; back-off grows, so not for ever.
    let cutting = async {
        for _ in 0..6 {
            while proxy.open() < 3 {
                // Back-off decides when they come back.
                sleep(Duration::from_millis(5)).await;
            }
            // Long enough for messages to be on their way.
            sleep(Duration::from_millis(100)).await;
            proxy.cut();
            while proxy.open() > 0 {
                // The sockets end a moment later.
                sleep(Duration::from_millis(1)).await;
            }
        }
        std::future::pending().await
    };
    let work = async { tokio::join!(persist(&output, 0..ALL), read_all(&mut reader, ALL)) };
    let (repeated, seen) = tokio::select! {
        done = work => done,
        () = cutting => unreachable!("it never ends"),
    };
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), (0..ALL).collect::<Vec<_>>());
    assert!(repeated > 0 && !reader.revoked.is_empty(), "nothing was cut under load");
    assert!(reader.revoked.is_sorted(), "{:?}", reader.revoked);
    assert_eq!(reader.assigned, 1);
    reader.close().await;
}

/// The heartbeat notices a peer that is silent; settlements of the lost channel are late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_silent_connection_is_noticed_and_made_anew() {
    let proxy = Proxy::start().await;
    let mut impatient = settings();
    impatient.servers = vec![proxy.address.clone()];
    impatient.native.insert("heartbeat".into(), "1".into());
    impatient.connect = Duration::from_secs(1);
    let (binder, direct, name) = (AmqpBinder::new(impatient).unwrap(), binder(), unique("silent"));
    let mut reader = Input::bind(&binder, &input(&name, "g")).await;
    let output = Output::bind(&direct, &output(&name, &["g"])).await;
    output.publish(vec![numbered(1)]).await;
    let first = reader.take(1).await;
    proxy.block(true);
    let started = Instant::now();
    assert!(reader.next(10).await.is_empty());
    assert_eq!(reader.revoked, [first[0].tag.epoch]);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    // Settled too late: nothing of the next channel is acknowledged by it.
    reader.settle(&first);
    proxy.block(false);
    let again = reader.take(1).await;
    assert_eq!(numbers(&again), [1]);
    assert!(again[0].tag.epoch > first[0].tag.epoch);
    reader.settle(&again);
    reader.close().await;
}

/// An acknowledgement that comes when its connection is lost ends nothing and holds up nothing,
/// although the broker stays away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn q07_an_acknowledgement_after_a_lost_connection_keeps_nothing_from_ending() {
    for orderly in [true, false] {
        let (proxy, direct, name) = (Proxy::start().await, binder(), unique("late"));
        let binder = through(&proxy);
        let mut reader = Input::bind(&binder, &input(&name, "g")).await;
        let output = Output::bind(&direct, &output(&name, &["g"])).await;
        output.publish((0..5).map(numbered).collect()).await;
        let held = reader.take(5).await;
        proxy.block(true);
        proxy.cut();
        if orderly {
            assert!(reader.next(10).await.is_empty());
            assert_eq!(reader.revoked, [held[0].tag.epoch]);
        }
        let started = Instant::now();
        reader.settle(&held);
        reader.close().await;
        drop(binder);
        while proxy.open() > 0 {
            assert!(started.elapsed() < Duration::from_secs(15), "something holds a connection");
            // Nothing tells when the sockets end.
            sleep(Duration::from_millis(10)).await;
        }
        let mut next = Input::bind(&direct, &input(&name, "g")).await;
        let again = next.take(5).await;
        assert_eq!(numbers(&again), (0..5).collect::<Vec<_>>());
        next.settle(&again);
        next.close().await;
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn q05_a_queue_and_an_exchange_that_were_deleted_are_made_again() {
    let (binder, name) = (binder(), unique("deleted"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    let mut reader = Input::bind(&binder, &input(&name, "g")).await;
    let (_connection, channel) = raw().await;
    let queue = format!("{name}.g");
    channel.queue_delete(queue.as_str().into(), Default::default()).await.unwrap();
    assert!(reader.next(1).await.is_empty());
    assert_eq!(reader.revoked, [1]);
    channel.exchange_delete(name.as_str().into(), Default::default()).await.unwrap();
    // The reader's own channel comes back with the queue; the exchange with the next publish.
    let started = Instant::now();
    while !matches!(output.outcomes(vec![numbered(7)]).await[..], [Completed::Confirmed(_)]) {
        assert!(started.elapsed() < PATIENCE);
        // Nothing tells when the channel is back.
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(numbers(&reader.take(1).await), [7]);
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn everything_is_closed_when_the_last_handle_is_gone() {
    let proxy = Proxy::start().await;
    let (binder, name) = (through(&proxy), unique("closed"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    let reader = Input::bind(&binder, &input(&name, "g")).await;
    assert_eq!(proxy.open(), 2, "one to publish, one to consume");
    drop(binder);
    output.publish(vec![numbered(1)]).await;
    drop(output);
    drop(reader);
    let started = Instant::now();
    while proxy.open() > 0 {
        assert!(started.elapsed() < PATIENCE, "{} connections are open", proxy.open());
        // Nothing tells when the sockets end.
        sleep(Duration::from_millis(10)).await;
    }
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

/// Two processes, one of which is cut: the other has what it held, and nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn what_a_lost_process_held_comes_to_the_others() {
    let proxy = Proxy::start().await;
    let (lost, other, name) = (through(&proxy), binder(), unique("lost"));
    let output = Output::bind(&other, &output(&name, &["g"])).await;
    output.publish((0..50).map(numbered).collect()).await;
    let mut first = Input::bind(&lost, &input(&name, "g")).await;
    let held = first.take(50).await;
    first.settle(&held[..10]);
    let mut second = Input::bind(&other, &input(&name, "g")).await;
    // Until the acknowledgement is there, all of it would come.
    sleep(Duration::from_millis(200)).await;
    proxy.cut();
    proxy.block(true);
    let came: BTreeSet<_> = numbers(&second.take(40).await).into_iter().collect();
    assert_eq!(came, (10..50).collect());
    proxy.block(false);
}
