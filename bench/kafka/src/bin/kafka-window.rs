//! By hand, the way most programs are written: a `StreamConsumer`, and a `FutureProducer` whose
//! futures are awaited in order once there are 10,000 of them. Offsets are stored as the outputs
//! are confirmed, so nothing is lost and order is kept.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, VecDeque};

use anyhow::{Context, Result, anyhow};
use bench_kafka::{Work, settings};
use clap::Parser;
use futures::StreamExt;
use measure::{Counting, Meter, Order};
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::{Message, Offset, TopicPartitionList};
use serde_json::json;

#[global_allocator]
static COUNTING: Counting = Counting;
static METER: Meter = Meter::new();

/// Sends that may be unconfirmed.
const WINDOW: usize = 10_000;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    work: Work,
}

struct Pending {
    sent: DeliveryFuture,
    partition: i32,
    offset: i64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { work } = Arguments::parse();
    METER.expect(work.messages);
    // On the main thread each message would pay for a wake-up across threads.
    #[expect(clippy::disallowed_methods, reason = "a program by hand has no executor of ours")]
    tokio::spawn(run(work)).await??;
    let own = json!({ "window": WINDOW, "runtime": "tokio, multi-thread, default workers" });
    let how = "StreamConsumer::stream, FutureProducer::send_result, futures awaited in order";
    println!("{}", METER.finish("window", &settings::described(how, &own))?);
    Ok(())
}

async fn run(work: Work) -> Result<()> {
    let consumer: StreamConsumer = settings::config(&work.servers, settings::CONSUMER)
        .set("group.id", &work.group)
        .create()?;
    let producer: FutureProducer = settings::config(&work.servers, settings::PRODUCER).create()?;
    // Connects, so that this is not part of what is measured.
    producer.client().fetch_metadata(Some(&work.output), settings::CONNECT)?;
    consumer.subscribe(&[&work.input])?;
    let mut window = VecDeque::with_capacity(WINDOW);
    let mut encoded = Vec::new();
    let mut positions = BTreeMap::new();
    let mut stream = consumer.stream();
    loop {
        let message = stream.next().await.context("the stream has ended")??;
        let order: Order = serde_json::from_slice(message.payload().context("no payload")?)?;
        let last = METER.handled();
        let (customer, priced) = order.price();
        encoded.clear();
        serde_json::to_writer(&mut encoded, &priced)?;
        let mut record = FutureRecord::to(&work.output).key(&customer).payload(&encoded);
        let sent = loop {
            match producer.send_result(record) {
                Ok(sent) => break sent,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                    record = refused;
                    confirm(&consumer, &work.input, &mut window).await?;
                }
                Err((error, _)) => return Err(error.into()),
            }
        };
        let (partition, offset) = (message.partition(), message.offset());
        window.push_back(Pending { sent, partition, offset });
        positions.insert(partition, offset + 1);
        while window.len() >= WINDOW || last && !window.is_empty() {
            confirm(&consumer, &work.input, &mut window).await?;
        }
        if last {
            break;
        }
    }
    // What is stored would do, were there an answer to a commit that the timer has begun.
    let mut committed = TopicPartitionList::new();
    for (partition, offset) in positions {
        committed.add_partition_offset(&work.input, partition, Offset::Offset(offset))?;
    }
    consumer.commit(&committed, CommitMode::Sync)?;
    drop(stream);
    // Leaves the group.
    drop(consumer);
    METER.stop();
    Ok(())
}

/// Waits for the oldest send.
async fn confirm(
    consumer: &StreamConsumer,
    input: &str,
    window: &mut VecDeque<Pending>,
) -> Result<()> {
    let Some(Pending { sent, partition, offset }) = window.pop_front() else { return Ok(()) };
    sent.await?.map_err(|(error, _)| anyhow!(error))?;
    Ok(consumer.store_offset(input, partition, offset)?)
}
