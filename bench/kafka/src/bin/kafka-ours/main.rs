//! The framework at its default settings, on Kafka.

#![forbid(unsafe_code)]

mod clients;

use anyhow::Result;
use bench_kafka::Work;
use clap::Parser;
use measure::Counting;
use ours::Pipeline;

#[global_allocator]
static COUNTING: Counting = Counting;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    work: Work,
    /// Set a configuration key, as every application of the framework can; the figures are then no
    /// longer those of default settings.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Process nothing; print the settings of the clients that the framework makes.
    #[arg(long)]
    settings: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { work, set, settings } = Arguments::parse();
    let pipeline = Pipeline {
        binder: "kafka",
        max_in_flight: "65536 messages, 64 MiB",
        server: work.servers,
        input: work.input,
        output: work.output,
        group: work.group,
        set,
    };
    if settings {
        println!("{}", clients::settings(pipeline).await?);
    } else {
        println!("{}", pipeline.measure(work.messages).await?);
    }
    Ok(())
}
