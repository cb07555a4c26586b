//! Redriving over a publisher that does not take everything.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use binder::prelude::*;
use binder::{DeadLetters, Executor, Exit, MemoryBinder, RedriveEnd, RedriveOptions};
use binder_core::{
    Binder, BoundInput, BoxFuture, Capabilities, Completed, Completion, ConsumerSpec,
    DeadLetterSpec, DeadLetterStore, Error, ErrorKind, Letters, Outbox, ProducerSpec, Publisher,
    Topology,
};

use crate::arrivals::Arrivals;
use crate::bench::Bench;

/// The memory binder, whose groups are reached as `trouble` has it.
struct Refusing {
    memory: MemoryBinder,
    trouble: Trouble,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The first three attempts are refused for now, the fourth is of unknown fate, and whatever
    /// says `large` is refused for good.
    Some,
    /// Nothing is ever reported.
    Silence,
}

type Result<T> = binder_core::Result<T>;

impl Binder for Refusing {
    fn bind_consumer<'a>(&'a self, spec: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>> {
        self.memory.bind_consumer(spec)
    }

    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        self.memory.bind_producer(spec)
    }

    fn provision<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<()>> {
        self.memory.provision(topology)
    }

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    fn dead_letter_store(&self) -> Option<&dyn DeadLetterStore> {
        Some(self)
    }
}

impl DeadLetterStore for Refusing {
    fn open<'a>(
        &'a self,
        spec: &'a DeadLetterSpec,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Letters>>>> {
        DeadLetterStore::open(&self.memory, spec)
    }

    fn bind_group<'a>(
        &'a self,
        input: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        Box::pin(async {
            let inner = self.memory.bind_group(input).await?;
            let (trouble, attempts, kept) = (self.trouble, AtomicUsize::new(0), Mutex::default());
            Ok(Arc::new(RefusingPublisher { inner, trouble, attempts, kept }) as Arc<dyn Publisher>)
        })
    }
}

struct RefusingPublisher {
    inner: Arc<dyn Publisher>,
    trouble: Trouble,
    attempts: AtomicUsize,
    kept: Mutex<Vec<Completion>>,
}

impl Publisher for RefusingPublisher {
    fn poll_publish(&self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()> {
        let mut passed = Outbox::new();
        while let Some(next) = outbox.pop_front() {
            let attempt = self.attempts.fetch_add(1, Ordering::SeqCst);
            let busy = || Error::new(ErrorKind::Publish, "busy");
            let large = next.message.payload.as_deref().is_some_and(|text| text == b"large");
            match (self.trouble, attempt) {
                (Trouble::Silence, _) => self.kept.lock().unwrap().push(next.completion),
                (_, 0..3) => next.completion.report(Completed::Refused(busy())),
                (_, 3) => next.completion.report(Completed::Unknown(busy())),
                _ if large => {
                    let why = Error::new(ErrorKind::TooLarge, "too large by far");
                    next.completion.report(Completed::Refused(why));
                }
                _ => passed.push_back(next),
            }
        }
        self.inner.poll_publish(cx, &mut passed)
    }

    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_flush(cx)
    }
}

#[stream_listener]
#[input("orders")]
async fn bill(order: Bytes, State(seen): State<Arrivals>) -> binder::Result<()> {
    seen.add(String::from_utf8_lossy(&order));
    Err(binder::Error::msg("no")).permanent()?;
    Ok(())
}

/// Four letters in the store, and those who read it over such a publisher.
async fn letters(bench: &Bench, trouble: Trouble) -> DeadLetters {
    let seen = Arrivals::default();
    let app = || App::new(seen.clone()).bind(listeners![bill]);
    let running = bench.start(app()).await;
    let orders = ["one", "two", "large", "three"];
    bench.send("orders", orders.map(binder_core::Message::new)).await;
    seen.at_least(orders.len()).await;
    assert_eq!(running.stop().await, Exit::Drained);
    let refusing = Refusing { memory: bench.memory.clone(), trouble };
    bench.dead_letters_on(app(), refusing)
}

fn bench() -> Bench {
    Bench::new(Executor::current()).set("bindings.orders.dead_letter=dead")
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_now_is_sent_again_and_what_is_for_good_is_left() {
    let bench = bench();
    let letters = letters(&bench, Trouble::Some).await;
    let options = RedriveOptions::default();
    let done = letters.redrive("dead", &options, pending(), |_| ()).await.unwrap();
    assert!(matches!(done.end, RedriveEnd::Whole), "{done:?}");
    assert_eq!((done.all_sent(), done.all_left()), (3, 1));
    let why = done.left.keys().next().unwrap();
    assert!(why.contains("too large by far"), "{why}");
    let left = letters.show("dead", 9).await.unwrap();
    let payloads: Vec<_> = left.iter().filter_map(|letter| letter.payload.clone()).collect();
    assert_eq!(payloads, ["large"]);
    assert_eq!(bench.backlog("orders", "shop.bill"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_redrive_that_hears_nothing_ends_and_loses_nothing() {
    let bench = bench();
    let letters = letters(&bench, Trouble::Silence).await;
    let begun = tokio::time::Instant::now();
    let options = RedriveOptions::default();
    let done = letters.redrive("dead", &options, pending(), |_| ()).await.unwrap();
    let RedriveEnd::Failed(error) = &done.end else { panic!("{done:?}") };
    assert!(error.to_string().contains("nothing was confirmed for 60s"), "{error}");
    assert!(begun.elapsed().as_secs() < 100, "{:?}", begun.elapsed());
    assert_eq!((done.all_sent(), done.all_left()), (0, 0));
    assert_eq!(letters.list().await.unwrap()[0].letters, 4);
}
