//! Fills topics before a run, checks them after it, removes them.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bench_kafka::settings;
use clap::{Args, Parser, Subcommand};
use measure::{Order, Tally};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Parser)]
struct Arguments {
    /// Where to connect, as HOST:PORT.
    #[arg(long, global = true, default_value = "127.0.0.1:9092")]
    servers: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Create topics, and fill the first with orders.
    Fill(Fill),
    /// Check what a program has written and committed.
    Check(Check),
    /// Delete topics.
    Remove {
        /// The topic that was read.
        #[arg(long)]
        input: String,
        /// The topics that were written.
        #[arg(long, value_delimiter = ',')]
        outputs: Vec<String>,
    },
}

#[derive(Debug, Args)]
struct Fill {
    /// The topic to fill.
    #[arg(long)]
    input: String,
    /// Topics to create empty.
    #[arg(long, value_delimiter = ',')]
    outputs: Vec<String>,
    /// How many orders.
    #[arg(long)]
    messages: u64,
    /// How many partitions each topic gets.
    #[arg(long, default_value_t = 8)]
    partitions: i32,
}

#[derive(Debug, Args)]
struct Check {
    /// The topic that was read.
    #[arg(long)]
    input: String,
    /// The topic that was written.
    #[arg(long)]
    output: String,
    /// The group that has read.
    #[arg(long)]
    group: String,
    /// How many orders there were.
    #[arg(long)]
    messages: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { servers, what } = Arguments::parse();
    let printed = match what {
        What::Fill(fill) => {
            create(&servers, &fill).await?;
            let begun = Instant::now();
            tokio::task::block_in_place(|| produce(&servers, &fill))?;
            json!({ "filled": fill.messages, "seconds": begun.elapsed().as_secs_f64() })
        }
        What::Check(check) => tokio::task::block_in_place(|| self::check(&servers, &check))?,
        What::Remove { input, outputs } => {
            let names: Vec<_> = outputs.iter().chain([&input]).map(String::as_str).collect();
            let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
            for result in admin(&servers)?.delete_topics(&names, &options).await? {
                result.map_err(|(topic, code)| anyhow::anyhow!("{topic}: {code}"))?;
            }
            json!({ "removed": input })
        }
    };
    println!("{printed}");
    Ok(())
}

fn admin(servers: &str) -> Result<AdminClient<DefaultClientContext>> {
    Ok(ClientConfig::new().set("bootstrap.servers", servers).create()?)
}

async fn create(servers: &str, fill: &Fill) -> Result<()> {
    let names = std::iter::once(&fill.input).chain(&fill.outputs);
    let topics: Vec<_> = names
        .map(|name| NewTopic::new(name, fill.partitions, TopicReplication::Fixed(1)))
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    for result in admin(servers)?.create_topics(&topics, &options).await? {
        result.map_err(|(topic, code)| anyhow::anyhow!("{topic}: {code}"))?;
    }
    // A partition has no leader for a moment after it was created.
    let begun = Instant::now();
    for topic in &topics {
        while let Err(error) = ends(servers, topic.name) {
            if begun.elapsed() > PATIENCE {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

fn produce(servers: &str, fill: &Fill) -> Result<()> {
    let producer: ThreadedProducer<_> = settings::config(servers, settings::PRODUCER).create()?;
    let mut encoded = Vec::new();
    for id in 0..fill.messages {
        let order = Order::numbered(id);
        encoded.clear();
        serde_json::to_writer(&mut encoded, &order)?;
        let mut record = BaseRecord::to(&fill.input).key(&order.customer).payload(&encoded);
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                    record = refused;
                    std::thread::park_timeout(Duration::from_millis(1));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }
    producer.flush(PATIENCE)?;
    let written: i64 = ends(servers, &fill.input)?.values().map(|(low, high)| high - low).sum();
    if written != i64::try_from(fill.messages)? {
        bail!("`{}` has {written} messages instead of {}", fill.input, fill.messages);
    }
    Ok(())
}

/// The oldest and the next offset of each partition.
fn ends(servers: &str, topic: &str) -> Result<BTreeMap<i32, (i64, i64)>> {
    let consumer: BaseConsumer = settings::config(servers, &[]).create()?;
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let topic = metadata.topics().first().context("no such topic")?;
    topic
        .partitions()
        .iter()
        .map(|partition| {
            let ends = consumer.fetch_watermarks(topic.name(), partition.id(), PATIENCE)?;
            Ok((partition.id(), ends))
        })
        .collect()
}

fn check(servers: &str, check: &Check) -> Result<serde_json::Value> {
    let consumer: BaseConsumer = settings::config(servers, settings::CONSUMER)
        .set("group.id", &check.group)
        .set("enable.auto.commit", "false")
        .create()?;
    let mut tally = Tally::new(check.messages);
    let outputs = ends(servers, &check.output)?;
    let mut assigned = TopicPartitionList::new();
    for partition in outputs.keys() {
        assigned.add_partition_offset(&check.output, *partition, Offset::Beginning)?;
    }
    consumer.assign(&assigned)?;
    let written: i64 = outputs.values().map(|(low, high)| high - low).sum();
    for _ in 0..written {
        let message = consumer.poll(PATIENCE).context("an output is missing")??;
        tally.add(message.key(), message.payload().unwrap_or_default());
    }
    let mut verdict = tally.verdict();
    let inputs = ends(servers, &check.input)?;
    let mut list = TopicPartitionList::new();
    for partition in inputs.keys() {
        list.add_partition(&check.input, *partition);
    }
    let committed = consumer.committed_offsets(list, PATIENCE)?;
    for element in committed.elements() {
        let (_, high) = inputs.get(&element.partition()).copied().unwrap_or_default();
        let at = match element.offset() {
            Offset::Offset(offset) => offset,
            _ => 0,
        };
        verdict.uncommitted += u64::try_from(high - at)?;
    }
    Ok(verdict.to_json())
}
