//! By hand: three tasks over bounded channels of tokio, in batches or one message at a time.

#![forbid(unsafe_code)]

use anyhow::{Result, bail};
use bench_memory::{Sink, Source, Work};
use bytes::{Bytes, BytesMut};
use clap::{Parser, ValueEnum};
use measure::{Counting, Meter, Order};
use serde_json::json;
use tokio::sync::mpsc;

#[global_allocator]
static COUNTING: Counting = Counting;
static METER: Meter = Meter::new();

/// Messages a channel holds, as the framework's memory binder has in flight.
const BOUND: usize = 1_024;
/// Messages handed over at once.
const BATCH: usize = 64;
/// How much is written to one block of memory.
const BLOCK: usize = 64 * 1024;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    work: Work,
    /// What crosses the channels.
    #[arg(long)]
    handing: Handing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Handing {
    /// Vectors of 64 messages.
    Batched,
    /// Single messages.
    Plain,
}

type Message = (Bytes, Bytes);
type Batch = Vec<Message>;

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { work, handing } = Arguments::parse();
    METER.expect(work.messages);
    let source = Source::new(work.messages)?;
    let (name, sink) = match handing {
        Handing::Batched => ("batched", batched(source).await?),
        Handing::Plain => ("plain", plain(source).await?),
    };
    METER.stop();
    if sink.faults() > 0 || sink.count() != work.messages {
        bail!("{} prices, {} faults in the sample", sink.count(), sink.faults());
    }
    let batch = if handing == Handing::Batched { BATCH } else { 1 };
    let settings = json!({
        "how": "three tasks, tokio::sync::mpsc",
        "own": {
            "bound": BOUND,
            "batch": batch,
            "runtime": "tokio, multi-thread, default workers",
            "guarantees": "order of the whole stream; nothing is settled or retried",
        },
    });
    println!("{}", METER.finish(name, &settings)?);
    Ok(())
}

/// Decodes, computes, encodes.
fn price(payload: &[u8], block: &mut BytesMut) -> Result<Message> {
    let order: Order = serde_json::from_slice(payload)?;
    let (customer, priced) = order.price();
    if block.capacity() < BLOCK / 64 {
        *block = BytesMut::with_capacity(BLOCK);
    }
    serde_json::to_writer(bytes::BufMut::writer(&mut *block), &priced)?;
    Ok((customer.into(), block.split().freeze()))
}

#[expect(clippy::disallowed_methods, reason = "a program by hand has no executor of ours")]
async fn batched(mut source: Source) -> Result<Sink> {
    let (to_worker, mut orders) = mpsc::channel::<Batch>(BOUND / BATCH);
    let (to_sink, mut prices) = mpsc::channel::<Batch>(BOUND / BATCH);
    let feeding = tokio::spawn(async move {
        loop {
            let batch: Batch = source.by_ref().take(BATCH).collect();
            if batch.is_empty() || to_worker.send(batch).await.is_err() {
                return;
            }
        }
    });
    let working = tokio::spawn(async move {
        let mut block = BytesMut::new();
        while let Some(batch) = orders.recv().await {
            let priced = batch
                .iter()
                .map(|(_, payload)| price(payload, &mut block))
                .collect::<Result<_>>()?;
            to_sink.send(priced).await?;
        }
        anyhow::Ok(())
    });
    let ending = tokio::spawn(async move {
        let mut sink = Sink::default();
        while let Some(batch) = prices.recv().await {
            for (key, payload) in batch {
                sink.take(&METER, &key, &payload);
            }
        }
        sink
    });
    feeding.await?;
    working.await??;
    Ok(ending.await?)
}

#[expect(clippy::disallowed_methods, reason = "a program by hand has no executor of ours")]
async fn plain(source: Source) -> Result<Sink> {
    let (to_worker, mut orders) = mpsc::channel::<Message>(BOUND);
    let (to_sink, mut prices) = mpsc::channel::<Message>(BOUND);
    let feeding = tokio::spawn(async move {
        for message in source {
            if to_worker.send(message).await.is_err() {
                return;
            }
        }
    });
    let working = tokio::spawn(async move {
        let mut block = BytesMut::new();
        while let Some((_, payload)) = orders.recv().await {
            to_sink.send(price(&payload, &mut block)?).await?;
        }
        anyhow::Ok(())
    });
    let ending = tokio::spawn(async move {
        let mut sink = Sink::default();
        while let Some((key, payload)) = prices.recv().await {
            sink.take(&METER, &key, &payload);
        }
        sink
    });
    feeding.await?;
    working.await??;
    Ok(ending.await?)
}
