//! The broker dies under the application.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{LIMIT, end, since_1970};
use crate::{
    brokers, command,
    faults::{
        outcome::Run,
        row::Row,
        stage::{IN_FLIGHT, Load, Play, Stage},
        view::View,
    },
    kill::Chance,
    weblog::process::Process,
};

/// The broker dies when so many jobs are done ...
const BEFORE: usize = 200;
/// ... and up to this much later,
const AT_MOST: Duration = Duration::from_secs(1);
/// and is started again after this.
const DOWN: Duration = Duration::from_secs(3);
/// How long after the broker answers again work may stand still.
const RECOVERY: Duration = Duration::from_secs(30);
const JOBS: u64 = 1_000;

/// The broker is killed by SIGKILL in the middle of the work, and started again.
pub(super) fn killed(stage: &Stage, number: u32, chance: &mut Chance) -> Result<Run> {
    let Some(broker) = stage.binder.broker() else { anyhow::bail!("memory has no broker") };
    let load = Load { takes: 10, ..Load::of(JOBS) };
    let mut play = stage.play(Row::F02, number, load, LIMIT)?;
    play.feed()?;
    let mut process = play.work("work", &[])?;
    // Nobody looks before: what a client of ours had read might come again.
    until_done(&mut play, &mut process)?;
    command::pause(chance.up_to(AT_MOST));
    brokers::kill(broker)?;
    command::pause(DOWN);
    brokers::up(broker)?;
    let (back, begun) = (since_1970(), Instant::now());
    play.watch()?;
    if let View::Amqp(queues) = &mut play.view {
        queues.count(JOBS)?;
    }
    // What had arrived before is no recovery.
    play.view.look()?;
    play.until_more_arrive(&mut process)?;
    let arrived = begun.elapsed();
    play.until_all_arrived(&mut process)?;
    // What was delivered comes again, and so does what was sent and not confirmed.
    let judged = end(play, process, 2 * IN_FLIGHT)?;
    let mut run = judged.run;
    // What was done while the broker was away arrives first; new work begins when the input is back.
    let recovery = arrived.max(judged.ledger.standstill(back));
    run.recovery = Some(recovery);
    if recovery > RECOVERY {
        run.faults.push(format!("work went on after {recovery:.1?}, at most {RECOVERY:?}"));
    }
    Ok(run)
}

fn until_done(play: &mut Play, process: &mut Process) -> Result<()> {
    let until = Instant::now() + LIMIT;
    while play.ledger()?.done().count() < BEFORE {
        process.go_on_waiting(&format!("to do {BEFORE} jobs"), until)?;
    }
    Ok(())
}
