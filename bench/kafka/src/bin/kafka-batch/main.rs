//! By hand, the best that was found: partitions forwarded to one queue that is drained in batches
//! on a thread of its own, outputs handed over in batches, delivery reports taken in batches on a
//! second thread, offsets stored up to the first that is unconfirmed.

#![deny(unsafe_code)]

mod native;
mod runs;
mod worker;

use anyhow::Result;
use bench_kafka::{Work, settings};
use clap::Parser;
use measure::{Counting, Meter};
use serde_json::json;

#[global_allocator]
static COUNTING: Counting = Counting;
static METER: Meter = Meter::new();

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    work: Work,
}

fn main() -> Result<()> {
    let Arguments { work } = Arguments::parse();
    METER.expect(work.messages);
    worker::run(&work)?;
    let own = json!({
        "batch": worker::BATCH,
        "unconfirmed at most": worker::UNCONFIRMED,
        "threads": "one that reads, decodes, computes, encodes, sends; one that takes reports",
    });
    let how = "rd_kafka_consume_batch_queue, rd_kafka_produce_batch, delivery report events";
    println!("{}", METER.finish("batch", &settings::described(how, &own))?);
    Ok(())
}
