//! The framework on its memory binder at default settings: an emitter, a listener, a sink.

#![forbid(unsafe_code)]

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use bench_memory::{Sink, Source, Work};
use binder::config::Sources;
use binder::prelude::*;
use binder::{Executor, Exit, Launch};
use clap::Parser;
use measure::{Counting, Meter, Order, Priced};
use serde_json::json;
use tokio::sync::Notify;
use tracing_subscriber::EnvFilter;

#[global_allocator]
static COUNTING: Counting = Counting;
static METER: Meter = Meter::new();
static DONE: Notify = Notify::const_new();

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    work: Work,
    /// Set a configuration key, as every application of the framework can; the figures are then no
    /// longer those of default settings.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// What the functions share.
#[derive(Clone)]
struct Shared {
    source: Arc<Mutex<Option<Source>>>,
    sink: Arc<Mutex<Sink>>,
}

/// The orders, encoded as JSON.
#[stream_emitter]
#[output("orders")]
fn orders(State(shared): State<Shared>) -> impl Stream<Item = Out<Bytes>> {
    let source = shared.source.lock().unwrap_or_else(PoisonError::into_inner).take();
    let orders = futures::stream::iter(source.into_iter().flatten());
    orders.map(|(key, payload)| Out::new(payload).key(key).content_type("application/json"))
}

/// Price an order.
#[stream_listener]
#[input("orders")]
#[output("prices")]
async fn price(order: Order) -> Out<Priced> {
    let (customer, priced) = order.price();
    Out::new(priced).key(customer)
}

/// Count the prices.
#[stream_listener]
#[input("prices")]
async fn count(price: Bytes, key: Key, State(shared): State<Shared>) {
    let mut sink = shared.sink.lock().unwrap_or_else(PoisonError::into_inner);
    if sink.take(&METER, key.bytes().map_or(&[], |key| key.as_ref()), &price) {
        DONE.notify_one();
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { work, set } = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    METER.expect(work.messages);
    let source = Source::new(work.messages)?;
    let sink = Arc::new(Mutex::new(Sink::default()));
    let shared = Shared { source: Arc::new(Mutex::new(Some(source))), sink: sink.clone() };
    let app =
        App::new(shared).emit(emitters![orders]).bind(listeners![price, count]).until(async {
            DONE.notified().await;
            Ok(())
        });
    let mut sources = Sources::of_process(std::env::vars_os());
    sources.set.clone_from(&set);
    let executor = Executor::new()?;
    let launch = Launch { name: "bench".to_owned(), sources, only: Vec::new(), executor };
    match launch.start(app).await?.ended().await {
        Exit::Drained => {}
        other => bail!("the application ended with {other:?}"),
    }
    METER.stop();
    let sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    if sink.faults() > 0 || sink.count() != work.messages {
        bail!("{} prices, {} faults in the sample", sink.count(), sink.faults());
    }
    let settings = json!({
        "how": "#[stream_emitter], #[stream_listener] and a sink, through the facade",
        "own": {
            "set": set,
            "order": "partition",
            "concurrency": 1,
            "max_in_flight": "the binder's default: 1024 messages, 64 MiB",
            "partitions": "8, the binder's default",
            "runtime": "tokio, multi-thread, default workers, and the framework's own threads",
            "guarantees": "order per key; every message is settled, retried, dead-lettered",
        },
    });
    println!("{}", METER.finish("ours", &settings)?);
    Ok(())
}
