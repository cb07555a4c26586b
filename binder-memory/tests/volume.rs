//! Many messages, and many threads at once.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use binder_core::{Delivery, Group, Incoming, Message, Room, Settlement};
use binder_memory::MemoryBinder;
use common::{Reader, Writer, backlog, bind, input, output, read, texts, write};
use futures::executor::block_on;
use futures::future::poll_fn;

const ROOM: Room = Room { messages: 256, bytes: usize::MAX };

fn required(broker: &MemoryBinder, destination: &str) -> Writer {
    let mut spec = output(destination);
    spec.required_groups = vec![Group::new("g").unwrap()];
    write(broker, &spec)
}

/// Publishes everything queued, waiting where there is no room.
fn publish_all(writer: &mut Writer) {
    let Writer { publisher, outbox, .. } = writer;
    block_on(poll_fn(|cx| publisher.poll_publish(cx, outbox)));
}

/// The next batch, waiting for it; empty when `until` is ready first.
fn next(reader: &mut Reader, mut until: impl FnMut(&mut Context<'_>) -> bool) -> Vec<Delivery> {
    let mut batch = Vec::new();
    let subscription = &mut reader.subscription;
    block_on(poll_fn(|cx| {
        loop {
            match subscription.poll_next(cx, ROOM, &mut batch) {
                Poll::Ready(Ok(Incoming::Deliveries)) => return Poll::Ready(()),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => panic!("{error}"),
                Poll::Pending if until(cx) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }));
    batch
}

#[test]
fn a_hundred_thousand_go_through_in_little_time() {
    let broker = MemoryBinder::new();
    let mut writer = required(&broker, "orders");
    let mut reader = read(&broker, &input("orders", Some("g")));
    let started = Instant::now();
    let mut received = 0;
    for n in 0..100_000_u32 {
        writer.queue(Message::new("0123456789").with_key(n.to_be_bytes().to_vec()));
        if n % 256 == 255 || n == 99_999 {
            assert!(writer.publish());
            let got = reader.take();
            reader.ack(&got);
            received += got.len();
        }
    }
    assert_eq!(received, 100_000);
    assert_eq!(writer.receipts().len(), 100_000);
    // An unoptimised build needs a tenth of a second; a scan per message would need minutes.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn order_per_key_survives_back_pressure_and_many_threads() {
    const THREADS: usize = 4;
    const EACH: usize = 30_000;
    let broker = MemoryBinder::new();
    let mut writers: Vec<Writer> = (0..THREADS).map(|_| required(&broker, "orders")).collect();
    let mut reader = read(&broker, &input("orders", Some("g")));
    let mut next_of = [0; THREADS];
    thread::scope(|scope| {
        for (key, writer) in writers.iter_mut().enumerate() {
            scope.spawn(move || {
                for n in 0..EACH {
                    // All keys of a thread's own, all in few partitions, so that each fills up.
                    writer.queue(Message::new(n.to_string()).with_key(format!("key-{key}")));
                    if n % 100 == 99 {
                        publish_all(writer);
                    }
                }
            });
        }
        let mut received = 0;
        while received < THREADS * EACH {
            let batch = next(&mut reader, |_| false);
            for (delivery, text) in batch.iter().zip(texts(&batch)) {
                let key = delivery.message.key.as_deref().unwrap();
                let key = usize::from(key[4] - b'0');
                assert_eq!(text, next_of[key].to_string(), "key {key}");
                next_of[key] += 1;
            }
            received += batch.len();
            reader.ack(&batch);
        }
    });
    assert_eq!(next_of, [EACH; THREADS]);
    assert_eq!(backlog(&broker, "orders", "g"), Some(0));
}

#[test]
fn members_come_and_go_on_threads_and_nothing_is_lost() {
    const MEMBERS: usize = 6;
    const MESSAGES: usize = 20_000;
    let broker = MemoryBinder::new();
    let mut writer = required(&broker, "orders");
    let seen = Mutex::new(BTreeSet::new());
    let distinct = AtomicUsize::new(0);
    let started = Instant::now();
    thread::scope(|scope| {
        for place in 0..MEMBERS {
            let (broker, seen, distinct) = (&broker, &seen, &distinct);
            scope.spawn(move || {
                for life in 0.. {
                    if distinct.load(Ordering::SeqCst) == MESSAGES {
                        return;
                    }
                    assert!(started.elapsed() < Duration::from_secs(120), "something is lost");
                    let mut reader = bind(broker, &input("orders", Some("g"))).unwrap();
                    for round in 0..8 {
                        let (_, batch) = reader.poll(ROOM);
                        // One in three is left for somebody else now and then.
                        let done =
                            if life % 5 == place % 5 { batch.len() * 2 / 3 } else { batch.len() };
                        let mut seen = seen.lock().unwrap();
                        seen.extend(texts(&batch[..done]));
                        distinct.store(seen.len(), Ordering::SeqCst);
                        drop(seen);
                        let how = [Settlement::Ack, Settlement::Release];
                        reader.settle(&batch[..done], how[0]);
                        if round % 2 == 0 {
                            reader.settle(&batch[done..], how[1]);
                        }
                    }
                    if place % 2 == 0 {
                        reader.close();
                    }
                }
            });
        }
        for n in 0..MESSAGES {
            writer.queue(Message::new(n.to_string()));
            if n % 500 == 499 {
                publish_all(&mut writer);
            }
        }
    });
    assert_eq!(seen.into_inner().unwrap().len(), MESSAGES);
}

#[test]
fn fifty_private_copies_get_everything_and_close_at_once() {
    for _ in 0..10 {
        let broker = MemoryBinder::new();
        let mut readers: Vec<Reader> =
            (0..50).map(|_| read(&broker, &input("orders", None))).collect();
        let mut writer = write(&broker, &output("orders"));
        (0..100).for_each(|n| writer.queue(Message::new(n.to_string())));
        thread::scope(|scope| {
            for reader in &mut readers {
                scope.spawn(move || {
                    let mut got = 0;
                    while got < 100 {
                        let batch = next(reader, |_| false);
                        got += batch.len();
                        reader.ack(&batch);
                    }
                    reader.close();
                    got
                });
            }
            publish_all(&mut writer);
        });
        assert_eq!(writer.receipts().len(), 100);
        let mut after = output("orders");
        after.unrouted = binder_core::Unrouted::Fail;
        let mut after = write(&broker, &after);
        after.queue(Message::new("x"));
        assert!(after.publish());
        assert!(matches!(after.reports()[0][0].1, binder_core::Completed::Refused(_)));
    }
}
