//! The process ends: killed, told to end, told twice.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use super::{Judged, LIMIT, end, since_1970};
use crate::{
    command,
    conformance::Binder,
    faults::{
        ledger::{Ledger, What},
        outcome::Run,
        row::Row,
        stage::{GRACE, IN_FLIGHT, Load, Play, Stage},
    },
    kill::Chance,
};

/// Something happens when so many jobs are done ...
const BEFORE: usize = 300;
/// ... and up to this much later.
const AT_MOST: Duration = Duration::from_secs(1);
/// A dead member is missed after ten seconds.
const RECOVERY: Duration = Duration::from_secs(20);
/// How long a second signal may take to end a process.
const AT_ONCE: Duration = Duration::from_secs(1);

const LOAD: Load = Load { takes: 10, ..Load::of(2_000) };

/// A process is killed by SIGKILL and another takes its place.
pub(super) fn killed(stage: &Stage, number: u32, chance: &mut Chance) -> Result<Run> {
    let mut play = stage.play(Row::F00, number, LOAD, LIMIT)?;
    play.feed()?;
    let mut victim = play.work("victim", &[])?;
    play.until_done(&mut victim, BEFORE)?;
    command::pause(chance.up_to(AT_MOST));
    victim.signal("KILL")?;
    victim.wait(play.until)?;
    let killed = since_1970();
    let open = open(&play.ledger()?);
    let mut next = play.work("next", &[])?;
    play.until_all_arrived(&mut next)?;
    let Judged { ledger, mut run, .. } = end(play, next, IN_FLIGHT)?;
    if open == 0 {
        run.faults.push("it proves nothing: what was killed had nothing in flight".to_owned());
    }
    run.recovery = ledger.first_done_since(killed).map(|at| at - killed);
    if run.recovery.is_none_or(|recovery| recovery > RECOVERY) {
        run.faults.push(format!("work went on after {:.1?}", run.recovery));
    }
    Ok(run)
}

/// Jobs that were begun and not done.
fn open(ledger: &Ledger) -> usize {
    let starts = ledger.entries.iter().filter(|entry| matches!(entry.what, What::Start(_))).count();
    starts.saturating_sub(ledger.done().count())
}

/// A process is told to end by SIGTERM: it finishes what it has begun, and nothing comes twice. One
/// that is told twice ends at once.
pub(super) fn told_to_end(stage: &Stage, number: u32, chance: &mut Chance) -> Result<Run> {
    if stage.binder == Binder::Memory {
        return told_to_end_in_memory(stage, number, chance);
    }
    let mut play = stage.play(Row::F01, number, LOAD, LIMIT)?;
    play.feed()?;
    let mut first = play.work("first", &[])?;
    play.until_done(&mut first, BEFORE)?;
    command::pause(chance.up_to(AT_MOST));
    let first = first.terminate(GRACE).err();
    let told = told_twice(&mut play)?;
    let mut last = play.work("last", &[])?;
    play.until_all_arrived(&mut last)?;
    let mut run = end(play, last, 0)?.run;
    run.faults.extend(first.map(|error| format!("{error:#}")));
    run.faults.extend(told);
    Ok(run)
}

/// What is in the process goes with it, so only what was begun has to be finished.
fn told_to_end_in_memory(stage: &Stage, number: u32, chance: &mut Chance) -> Result<Run> {
    let mut play = stage.play(Row::F01, number, LOAD, LIMIT)?;
    let mut process = play.work("first", &[])?;
    play.until_done(&mut process, BEFORE)?;
    command::pause(chance.up_to(AT_MOST));
    let error = process.terminate(GRACE).err();
    let ledger = play.ledger()?;
    let done: Vec<u64> = ledger.done().map(|entry| entry.job.id).collect();
    let duplicated = done.len() - done.iter().collect::<HashSet<_>>().len();
    let mut run =
        Run { lost: open(&ledger) as u64, duplicated: duplicated as u64, ..Run::default() };
    if run.lost + run.duplicated > 0 {
        run.faults.push("jobs were begun and not finished, or finished twice".to_owned());
    }
    run.faults.extend(error.map(|error| format!("{error:#}")));
    let mut again = stage.play(Row::F01, number + 1_000, LOAD, LIMIT)?;
    run.faults.extend(told_twice(&mut again)?);
    Ok(run)
}

/// Tell a process twice, in the middle of jobs that take long.
fn told_twice(play: &mut Play) -> Result<Option<String>> {
    let before = open(&play.ledger()?);
    let load = play.load;
    play.load.takes = 4_000;
    let mut process = play.work("twice", &[])?;
    play.load = load;
    play.until(&mut process, "to begin", |ledger, _| open(ledger) > before)?;
    process.signal("TERM")?;
    command::pause(Duration::from_millis(500));
    ensure!(process.status()?.is_none(), "it has ended before it was told twice");
    process.signal("TERM")?;
    let told = Instant::now();
    let status = process.wait(play.until)?;
    let took = told.elapsed();
    let sound = took <= AT_ONCE && status.code() == Some(4);
    Ok((!sound).then(|| format!("told twice it ended with {status} after {took:.1?}")))
}
