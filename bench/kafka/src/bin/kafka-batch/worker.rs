//! The two threads.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use bench_kafka::{Work, settings};
use measure::Order;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::METER;
use crate::native::{Forward, Inputs, Reports, Topic};
use crate::runs::Runs;

/// Messages taken and sent at once.
pub(crate) const BATCH: usize = 1_000;
/// Outputs that may be unconfirmed: what the producer's queue holds.
pub(crate) const UNCONFIRMED: usize = 100_000;

#[derive(Default)]
struct Shared {
    runs: Mutex<Runs>,
    room: Condvar,
    /// Why one of the threads has failed: the other ends then.
    failure: OnceLock<anyhow::Error>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the other thread where this one has failed.
    fn end(&self, result: Result<()>) {
        if let Err(error) = result {
            // A second failure follows from the first.
            self.failure.get_or_init(|| error);
            self.room.notify_one();
        }
    }

    fn check(&self) -> Result<()> {
        match self.failure.get() {
            Some(error) => Err(anyhow!("{error:#}")),
            None => Ok(()),
        }
    }
}

pub(crate) fn run(work: &Work) -> Result<()> {
    let producer: BaseProducer = settings::config(&work.servers, settings::PRODUCER).create()?;
    let producer = Arc::new(producer);
    // Connects, so that this is not part of what is measured.
    producer.client().fetch_metadata(Some(&work.output), settings::CONNECT)?;
    let consumer: BaseConsumer<Forward> = settings::config(&work.servers, settings::CONSUMER)
        .set("group.id", &work.group)
        .create_with_context(Forward::default())?;
    let worked = work_with(&consumer, &producer, work);
    consumer.client().context().release();
    // Leaves the group.
    drop(consumer);
    METER.stop();
    worked
}

fn work_with(
    consumer: &BaseConsumer<Forward>,
    producer: &Arc<BaseProducer>,
    work: &Work,
) -> Result<()> {
    let mut inputs = Inputs::new(consumer, BATCH)?;
    consumer.subscribe(&[&work.input])?;
    let mut topic = Topic::new(producer.clone(), &work.output)?;
    let mut reports = Reports::new(producer.clone())?;
    let shared = Shared::default();
    thread::scope(|scope| {
        scope.spawn(|| shared.end(confirm(&mut reports, consumer, work, &shared)));
        shared.end(process(&mut inputs, &mut topic, consumer, &shared));
    });
    shared.check()?;
    // What is stored would do, were there an answer to a commit that the timer has begun.
    let mut committed = TopicPartitionList::new();
    for (partition, offset) in shared.lock().positions() {
        let offset = Offset::Offset(offset);
        committed.add_partition_offset(&work.input, partition as i32, offset)?;
    }
    Ok(consumer.commit(&committed, CommitMode::Sync)?)
}

/// Reads, decodes, computes, encodes, sends.
fn process(
    inputs: &mut Inputs,
    topic: &mut Topic,
    consumer: &BaseConsumer<Forward>,
    shared: &Shared,
) -> Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut encoded = Vec::new();
    let mut ends = Vec::with_capacity(BATCH);
    let mut last = false;
    while !last {
        // Rebalances and errors.
        if let Some(message) = consumer.poll(Duration::ZERO) {
            message?;
            bail!("a message outside the queue");
        }
        inputs.take(Duration::from_millis(5), &mut batch);
        for input in &batch {
            let order: Order = serde_json::from_slice(input.payload()?)?;
            last |= METER.handled();
            let (_, priced) = order.price();
            serde_json::to_writer(&mut encoded, &priced)?;
            ends.push(encoded.len());
        }
        let mut runs = shared.lock();
        while runs.unconfirmed() + batch.len() > UNCONFIRMED {
            shared.check()?;
            runs = shared.room.wait(runs).unwrap_or_else(PoisonError::into_inner);
        }
        for input in &batch {
            runs.deliver(input.partition(), input.offset());
        }
        drop(runs);
        topic.send(&batch, &mut encoded, &ends)?;
        batch.clear();
        encoded.clear();
        ends.clear();
    }
    Ok(())
}

/// Takes reports and stores offsets until everything is confirmed.
fn confirm(
    reports: &mut Reports,
    consumer: &BaseConsumer<Forward>,
    work: &Work,
    shared: &Shared,
) -> Result<()> {
    let mut confirmed = Vec::new();
    loop {
        shared.check()?;
        reports.take(Duration::from_millis(100), &mut confirmed)?;
        if confirmed.is_empty() {
            continue;
        }
        let mut offsets = TopicPartitionList::new();
        let mut runs = shared.lock();
        for (partition, offset) in confirmed.drain(..) {
            runs.confirm(partition, offset);
        }
        for (partition, offset) in runs.moved() {
            offsets.add_partition_offset(&work.input, partition as i32, Offset::Offset(offset))?;
        }
        let done = runs.confirmed() == work.messages;
        drop(runs);
        shared.room.notify_one();
        if offsets.count() > 0 {
            consumer.store_offsets(&offsets)?;
        }
        if done {
            return Ok(());
        }
    }
}
