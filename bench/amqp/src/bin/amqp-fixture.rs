//! Fills queues before a run, checks them after it, removes them.

#![forbid(unsafe_code)]

use std::time::Instant;

use anyhow::{Context, Result, bail};
use bench_amqp::{READER, connect, persistent, queue};
use clap::{Args, Parser, Subcommand};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, ExchangeKind};
use measure::{Order, Tally};
use serde_json::{Value, json};

/// Publishes that may be unconfirmed.
const WINDOW: usize = 1_000;

#[derive(Debug, Parser)]
struct Arguments {
    /// Where to connect.
    #[arg(long, global = true, default_value = "amqp://guest:guest@127.0.0.1:5672/%2f")]
    uri: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Declare exchanges and queues, and fill every queue of the input with orders.
    Fill(Fill),
    /// Check what a program has written and acknowledged.
    Check(Check),
    /// Delete exchanges and queues.
    Remove {
        /// The destination that was read.
        #[arg(long)]
        input: String,
        /// Its groups.
        #[arg(long, value_delimiter = ',')]
        groups: Vec<String>,
        /// The destinations that were written.
        #[arg(long, value_delimiter = ',')]
        outputs: Vec<String>,
    },
}

#[derive(Debug, Args)]
struct Fill {
    /// The destination to fill.
    #[arg(long)]
    input: String,
    /// Its groups: each has a queue with every order.
    #[arg(long, value_delimiter = ',')]
    groups: Vec<String>,
    /// Destinations to declare, with an empty queue each.
    #[arg(long, value_delimiter = ',')]
    outputs: Vec<String>,
    /// How many orders.
    #[arg(long)]
    messages: u64,
}

#[derive(Debug, Args)]
struct Check {
    /// The destination that was read.
    #[arg(long)]
    input: String,
    /// The destination that was written.
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
    let Arguments { uri, what } = Arguments::parse();
    #[expect(clippy::disallowed_methods, reason = "a program by hand has no executor of ours")]
    let printed = tokio::spawn(act(uri, what)).await??;
    println!("{printed}");
    Ok(())
}

async fn act(uri: String, what: What) -> Result<Value> {
    let connection = connect(&uri, "bench-fixture").await?;
    let channel = connection.create_channel().await?;
    let printed = match what {
        What::Fill(fill) => self::fill(&channel, &fill).await?,
        What::Check(check) => self::check(&channel, &check).await?,
        What::Remove { input, groups, outputs } => {
            remove(&channel, &input, &groups).await?;
            for output in &outputs {
                remove(&channel, output, &[READER.to_owned()]).await?;
            }
            json!({ "removed": input })
        }
    };
    connection.close(200, "done".into()).await?;
    Ok(printed)
}

async fn fill(channel: &Channel, fill: &Fill) -> Result<Value> {
    declare(channel, &fill.input, &fill.groups).await?;
    for output in &fill.outputs {
        declare(channel, output, &[READER.to_owned()]).await?;
    }
    let begun = Instant::now();
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut window = FuturesOrdered::new();
    for id in 0..fill.messages {
        let (channel, exchange) = (channel.clone(), fill.input.as_str().into());
        window.push_back(async move {
            let encoded = serde_json::to_vec(&Order::numbered(id))?;
            let options = BasicPublishOptions::default();
            let sent = channel.basic_publish(exchange, "".into(), options, &encoded, persistent());
            anyhow::Ok(sent.await?.await?.is_ack())
        });
        if window.len() >= WINDOW {
            confirmed(window.next().await)?;
        }
    }
    while !window.is_empty() {
        confirmed(window.next().await)?;
    }
    Ok(json!({ "filled": fill.messages, "seconds": begun.elapsed().as_secs_f64() }))
}

fn confirmed(sent: Option<Result<bool>>) -> Result<()> {
    match sent {
        Some(Ok(true)) => Ok(()),
        Some(Err(error)) => Err(error),
        Some(Ok(false)) | None => bail!("the broker has refused an order"),
    }
}

async fn declare(channel: &Channel, destination: &str, groups: &[String]) -> Result<()> {
    let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let kind = ExchangeKind::Topic;
    channel.exchange_declare(destination.into(), kind, durable, FieldTable::default()).await?;
    for group in groups {
        let name = queue(destination, group);
        let durable = QueueDeclareOptions::durable();
        channel.queue_declare(name.as_str().into(), durable, FieldTable::default()).await?;
        let options = QueueBindOptions::default();
        let (name, exchange) = (name.as_str().into(), destination.into());
        channel.queue_bind(name, exchange, "#".into(), options, FieldTable::default()).await?;
    }
    Ok(())
}

async fn remove(channel: &Channel, destination: &str, groups: &[String]) -> Result<()> {
    for group in groups {
        let name = queue(destination, group);
        channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await?;
    }
    let options = ExchangeDeleteOptions::default();
    Ok(channel.exchange_delete(destination.into(), options).await?)
}

async fn check(channel: &Channel, check: &Check) -> Result<Value> {
    let left = waiting(channel, &queue(&check.input, &check.group)).await?;
    let output = queue(&check.output, READER);
    let written = waiting(channel, &output).await?;
    let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let mut outputs = channel
        .basic_consume(output.as_str().into(), "check".into(), options, FieldTable::default())
        .await?;
    let mut tally = Tally::new(check.messages);
    for _ in 0..written {
        let delivery = outputs.next().await.context("an output is missing")??;
        tally.add(None, &delivery.data);
    }
    let mut verdict = tally.verdict();
    verdict.uncommitted = left.into();
    Ok(verdict.to_json())
}

/// How many messages a queue holds.
async fn waiting(channel: &Channel, name: &str) -> Result<u32> {
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
    let queue = channel.queue_declare(name.into(), passive, FieldTable::default()).await?;
    Ok(queue.message_count())
}
