//! By hand, the best that was found: 1,000 publishes and their confirms in flight, awaited in
//! order, and one acknowledgement for a run of inputs. A message carries its key in a header, and
//! one that reaches no queue is an error, as with the framework; `--bare` does without both.

#![forbid(unsafe_code)]

use anyhow::{Context, Result, bail};
use bench_amqp::{Work, connect, persistent, queue};
use clap::Parser;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use measure::{Counting, Meter, Order};
use serde_json::json;

#[global_allocator]
static COUNTING: Counting = Counting;
static METER: Meter = Meter::new();

/// Publishes that may be unconfirmed.
const WINDOW: usize = 1_000;
/// Deliveries that may be unacknowledged.
const PREFETCH: u16 = 1_500;
/// Inputs that one acknowledgement is for.
const RUN: usize = 100;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    work: Work,
    /// Publish without the key, and without hearing of messages that reach no queue.
    #[arg(long)]
    bare: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { work, bare } = Arguments::parse();
    METER.expect(work.messages);
    // On the main thread each message would pay for a wake-up across threads.
    #[expect(clippy::disallowed_methods, reason = "a program by hand has no executor of ours")]
    tokio::spawn(run(work, bare)).await??;
    let settings = json!({
        "how": "lapin: basic_publish and its confirm in FuturesOrdered, basic_ack(multiple)",
        "own": {
            "window": WINDOW,
            "prefetch": PREFETCH,
            "ack every": RUN,
            "connections": "one to publish, one to consume",
            "delivery mode": "persistent",
            "mandatory": !bare,
            "key": if bare { "none" } else { "a header" },
            "runtime": "tokio, multi-thread, default workers",
        },
    });
    let name = if bare { "bare" } else { "window" };
    println!("{}", METER.finish(name, &settings)?);
    Ok(())
}

async fn run(work: Work, bare: bool) -> Result<()> {
    let reading = connect(&work.uri, "bench-read").await?;
    let writing = connect(&work.uri, "bench-write").await?;
    let (reader, writer) = (reading.create_channel().await?, writing.create_channel().await?);
    writer.confirm_select(ConfirmSelectOptions::default()).await?;
    reader.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let (source, tag) = (queue(&work.input, &work.group), "bench");
    let options = BasicConsumeOptions::default();
    let mut deliveries = reader
        .basic_consume(source.as_str().into(), tag.into(), options, FieldTable::default())
        .await?;
    let mut window = FuturesOrdered::new();
    let (mut last, mut unacknowledged) = (false, 0);
    loop {
        tokio::select! {
            biased;
            Some(confirmed) = window.next(), if !window.is_empty() => {
                let input: u64 = confirmed?;
                unacknowledged += 1;
                if unacknowledged == RUN || window.is_empty() {
                    reader.basic_ack(input, BasicAckOptions { multiple: true }).await?;
                    unacknowledged = 0;
                }
                if last && window.is_empty() {
                    break;
                }
            }
            delivery = deliveries.next(), if !last && window.len() < WINDOW => {
                let delivery = delivery.context("the consumer was cancelled")??;
                let order: Order = serde_json::from_slice(&delivery.data)?;
                last = METER.handled();
                let (customer, priced) = order.price();
                let key = (!bare).then_some(customer);
                let encoded = serde_json::to_vec(&priced)?;
                let (writer, exchange) = (writer.clone(), work.output.as_str().into());
                window.push_back(async move {
                    let mandatory = key.is_some();
                    let options = BasicPublishOptions { mandatory, ..Default::default() };
                    let confirm = writer
                        .basic_publish(exchange, "".into(), options, &encoded, properties(key))
                        .await?
                        .await?;
                    if !confirm.is_ack() {
                        bail!("refused: {confirm:?}");
                    }
                    if confirm.take_message().is_some() {
                        bail!("a message has reached no queue");
                    }
                    Ok(delivery.delivery_tag)
                });
            }
        }
    }
    reading.close(200, "done".into()).await?;
    METER.stop();
    writing.close(200, "done".into()).await?;
    Ok(())
}

fn properties(key: Option<String>) -> lapin::BasicProperties {
    let Some(key) = key else { return persistent() };
    let mut headers = FieldTable::default();
    headers.insert("x-message-key".into(), AMQPValue::LongString(key.into()));
    persistent().with_headers(headers)
}
