//! The dead letters cannot be stored for a while.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{Judged, LIMIT, end};
use crate::{
    brokers::{Kind, kafka::Client, rabbitmq::Caller},
    conformance::Binder,
    faults::{
        check::wrong_attempts,
        outcome::Run,
        row::Row,
        stage::{Load, Play, Stage},
        view::View,
    },
    weblog::process::Process,
};

/// How long after the store is there again the first dead letter may take.
const RECOVERY: Duration = Duration::from_secs(30);
/// How long the store is away once there are dead letters.
const AWAY: Duration = Duration::from_secs(4);

/// The store of the dead letters is gone, or full: nothing is settled that belongs there, nothing
/// is tried again, the process stays ready, and once the store is back everything arrives.
pub(super) fn away(stage: &Stage, number: u32) -> Result<Run> {
    match stage.binder {
        Binder::Memory => full(stage, number),
        _ => deleted(stage, number),
    }
}

/// A store in memory is full after 64 MiB that nobody reads.
fn full(stage: &Stage, number: u32) -> Result<Run> {
    const JOBS: u64 = 300;
    let fates = &["fails@20/1"];
    let load = Load { rate: 200, size: 1 << 20, takes: 0, partitions: 1, fates, ..Load::of(JOBS) };
    let mut play = stage.play(Row::F17c, number, load, LIMIT)?;
    let gate = format!("--gate={}", play.gate().display());
    let settings = [gate.as_str(), "--set=bindings.jobs.retry.max_attempts=1"];
    let mut process = play.work("work", &settings)?;
    // Two seconds of feeding, and some in which all of it would be fed.
    play.look_for(&mut process, Duration::from_secs(2) + AWAY)?;
    let fed = play.ledger()?.intents().count() as u64;
    let too_early = too_early(&mut play)?;
    let recovery = restore(&mut play, &mut process)?;
    let unready = play.ledger()?.unready();
    let Judged { ledger, arrived, mut run } = end(play, process, 0)?;
    run.faults.extend(too_early.into_iter().chain(unready));
    if fed >= JOBS {
        run.faults.push("all jobs were fed although the store was full".to_owned());
    }
    judge(&mut run, wrong_attempts(&ledger, &arrived, &[]), recovery);
    Ok(run)
}

/// The store is deleted at the broker before the first dead letter: every other time on RabbitMQ
/// the exchange, otherwise the queue alone.
fn deleted(stage: &Stage, number: u32) -> Result<Run> {
    const JOBS: u64 = 600;
    let load = Load { rate: 100, fates: &["fails@300/50"], ..Load::of(JOBS) };
    let mut play = stage.play(Row::F17c, number, load, LIMIT)?;
    let mut process = play.feed_and_work("work", &[])?;
    process.wait_until_it_logs("ready", play.until)?;
    play.watch()?;
    play.until_done(&mut process, 20)?;
    delete(&mut play, number)?;
    let done = play.ledger()?;
    let early = done.entries.iter().any(|entry| entry.job.is_doomed());
    ensure!(!early, "the store was deleted too late");
    play.until(&mut process, "to feed all jobs", |ledger, _| {
        ledger.intents().count() as u64 >= JOBS
    })?;
    // What was fed last is confirmed by then, and its function has returned.
    play.look_for(&mut process, Duration::from_secs(2))?;
    if let View::Amqp(queues) = &mut play.view {
        queues.count(JOBS)?;
    }
    play.look_for(&mut process, AWAY)?;
    let too_early = too_early(&mut play)?;
    let recovery = restore(&mut play, &mut process)?;
    let unready = play.ledger()?.unready();
    let Judged { ledger, arrived, mut run } = end(play, process, 0)?;
    run.faults.extend(too_early.into_iter().chain(unready));
    judge(&mut run, wrong_attempts(&ledger, &arrived, &[100, 200]), recovery);
    Ok(run)
}

fn delete(play: &mut Play, number: u32) -> Result<()> {
    let dead = play.names.dead.clone();
    if let View::Amqp(queues) = &mut play.view {
        queues.letters_are_away(true);
        let mut caller = Caller::connect(Kind::Amqp.address())?;
        caller.delete_queue(&dead)?;
        if number.is_multiple_of(2) {
            caller.delete_exchange(&dead)?;
        }
    } else {
        Client::connect(Kind::Kafka.address())?.delete(&dead)?;
    }
    Ok(())
}

/// What is wrong if dead letters arrived where nothing could keep them: then nothing was away.
fn too_early(play: &mut Play) -> Result<Option<String>> {
    play.view.look()?;
    let ledger = play.ledger()?;
    let mut letters = play.arrived(&ledger).letters.len();
    if let View::Amqp(queues) = &play.view {
        letters += queues.letters_while_away()?;
    }
    Ok((letters > 0).then(|| format!("{letters} dead letters arrived while their store was away")))
}

/// Give the store back, wait for everything, and say how long the first dead letter took.
fn restore(play: &mut Play, process: &mut Process) -> Result<Duration> {
    play.restore_letters()?;
    if let View::Amqp(queues) = &mut play.view {
        queues.letters_are_away(false);
    }
    let back = Instant::now();
    play.until(process, "to store a dead letter", |_, arrived| !arrived.letters.is_empty())?;
    let recovery = back.elapsed();
    play.until_all_arrived(process)?;
    Ok(recovery)
}

fn judge(run: &mut Run, wrong: u64, recovery: Duration) {
    run.recovery = Some(recovery);
    if wrong > 0 {
        run.faults.push(format!("{wrong} jobs were tried otherwise than their policy says"));
    }
    if recovery > RECOVERY {
        run.faults.push(format!("the first dead letter came after {recovery:.1?}"));
    }
}
