//! `cargo xtask bench`: the framework beside programs written by hand, on the same broker, in turns.

mod build;
mod origin;
mod plan;
mod program;
mod round;
mod summary;
mod table;

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

use crate::{brokers, command};
use plan::Kind;
use program::Programs;
use round::Stage;

/// The command line of `cargo xtask bench`.
#[derive(Debug, Args)]
#[command(after_help = "\
The work: JSON orders of about 190 B with keys come in, each is decoded, its price computed, \
encoded and sent; at least once, in order per key. On Kafka from topic to topic (8 partitions \
each), on RabbitMQ from durable queue to durable queue, in memory from a source over a worker to a \
sink in one process.\n\n\
The programs (bench/):\n\
\x20 kafka   ours     attributes and App, default settings\n\
\x20         window   StreamConsumer, FutureProducer, 10,000 futures awaited in order\n\
\x20         batch    the best by hand: one queue for all partitions, batches in and out\n\
\x20 memory  ours     emitter, listener and sink on the memory binder, default settings\n\
\x20         batched  three tasks over tokio's channels, 64 messages at once; settles nothing\n\
\x20         plain    the same, one message at a time\n\
\x20 amqp    ours     the program of kafka, default settings\n\
\x20         window   lapin, 1,000 publishes and confirms in flight, one ack for 100; \
key in a header, mandatory\n\
\x20         bare     the same without the key and without mandatory: loses what reaches no queue\n\n\
A round runs every program once, on destinations of its own that hold the same orders (on \
RabbitMQ filled just before, so that each finds the same broker); the next round begins with \
another program. A short round before the first warms the broker up and does not count. Each \
program measures itself from the first message that its own code sees until every output is \
confirmed, every input committed or acknowledged and the consumer gone: connecting and joining the \
group are not part of it, closing the producer neither. After each run the outputs are read back: a \
run that lost, changed or reordered a message, or left an input uncommitted, ends the benchmark with \
an error.\n\n\
CPU is user and system time of the whole process, the client library's threads included. \
Allocations are those of Rust code; C code's are not counted. A ratio is the median of the rounds' \
own ratios, with the smallest and the largest beside it. Broker and programs share the machine, so \
compare within a run, and look at the load average that is printed with each round.")]
pub(crate) struct Arguments {
    /// Where to measure.
    kind: Kind,
    /// How many orders each program processes [default: 2000000; memory 1000000, RabbitMQ 100000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    messages: Option<u64>,
    /// How many rounds count.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Also write everything to a file: each run's figures, settings, commit, versions, machine.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Set a configuration key of the framework, e.g. `bindings.orders.max_in_flight=16384`; its
    /// figures are then no longer those of default settings, and the output says so.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Build, run the rounds, print and write the figures.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let kind = arguments.kind;
    let messages = arguments.messages.unwrap_or_else(|| kind.default_messages());
    let programs = Programs::new(build::executables(kind)?, kind, &arguments.set);
    if let Some(broker) = kind.broker() {
        brokers::up(broker)?;
    }
    let origin = origin::look(kind)?;
    let mut stage = Stage::new(kind, &programs);
    println!("warm-up: {} orders", messages.min(kind.warm_up()));
    stage.round(0, messages.min(kind.warm_up()))?;
    let clients = stage.client_settings()?;
    let mut rounds = Vec::new();
    for number in 1..=arguments.rounds {
        let round = stage.round(number, messages)?;
        println!("{}", table::round(number, arguments.rounds, &round));
        rounds.push(round);
    }
    let summary = summary::of(&rounds, kind.programs());
    print!("\n{}", table::settings(&rounds, &clients));
    print!("\n{}", table::summary(kind, messages, &summary));
    if let Some(file) = &arguments.json {
        let all = json!({
            "bench": kind.name(),
            "messages": messages,
            "set": arguments.set,
            "origin": origin,
            "clients of ours": clients,
            "rounds": rounds,
            "summary": summary,
        });
        write(file, &all)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write(file: &PathBuf, all: &Value) -> Result<()> {
    // The folder may not be there on a fresh clone.
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let text = format!("{}\n", serde_json::to_string_pretty(all)?);
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    println!("\nwritten to {}", file.display());
    Ok(())
}

/// The folder of the benchmarks' own workspace.
fn folder() -> PathBuf {
    command::repository().join("bench")
}
