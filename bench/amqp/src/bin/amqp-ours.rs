//! The framework at its default settings, on RabbitMQ.

#![forbid(unsafe_code)]

use anyhow::Result;
use bench_amqp::Work;
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
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { work, set } = Arguments::parse();
    let uri: lapin::uri::AMQPUri = work.uri.parse().map_err(anyhow::Error::msg)?;
    let pipeline = Pipeline {
        binder: "amqp",
        max_in_flight: "prefetch 1024",
        server: format!("{}:{}", uri.authority.host, uri.authority.port),
        input: work.input,
        output: work.output,
        group: work.group,
        set,
    };
    println!("{}", pipeline.measure(work.messages).await?);
    Ok(())
}
