//! The broker dies under the example.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::{
    brokers, command,
    faults::Run,
    kill::{Chance, IN_FLIGHT, Player, Stage},
    weblog::answer,
};

/// No run takes longer.
const LIMIT: Duration = Duration::from_secs(150);
/// Lines a second: 10,000 of them last until the broker is back.
const RATE: u32 = 500;
/// The broker dies when so many deliveries are done ...
const BEFORE: usize = 1_000;
/// ... and up to this much later,
const AT_MOST: Duration = Duration::from_millis(1_500);
/// and is started again after this.
const DOWN: Duration = Duration::from_secs(5);
/// How long after the broker answers again work may stand still.
const RECOVERY: Duration = Duration::from_secs(30);

/// The broker is killed by SIGKILL while everything runs in one process, and started again.
pub(crate) fn killed(stage: &Stage, number: u32, chance: &mut Chance) -> Result<Run> {
    let until = Instant::now() + LIMIT;
    let mut main = stage.patient(&stage.folder(number)?, RATE)?;
    main.wait_until_done(BEFORE, until)?;
    command::pause(chance.up_to(AT_MOST));
    brokers::kill(stage.broker)?;
    command::pause(DOWN);
    let before = main.ledger()?.done();
    brokers::up(stage.broker)?;
    let recovery = goes_on(&mut main, before, until)?;
    let status = main.process.wait(until)?;
    let report = answer::read(&main.process.output()?)
        .with_context(|| format!("no report{}", main.process.last_words()))?;
    let mut faults = answer::differences(&report, &stage.log.answer);
    // Each of the four hops may repeat what it had in flight.
    let most = 4 * IN_FLIGHT;
    if report["duplicates"].as_u64().is_none_or(|duplicates| duplicates > most) {
        faults.push(format!("{} duplicates, at most {most}", report["duplicates"]));
    }
    if !status.success() {
        faults.push(format!("it ended with {status}{}", main.process.last_words()));
    }
    if recovery > RECOVERY {
        faults.push(format!("work went on after {recovery:.1?}, at most {RECOVERY:?}"));
    }
    Ok(Run::of(&report, Some(recovery), faults))
}

/// How long it takes from now until something more is done.
fn goes_on(main: &mut Player, before: usize, until: Instant) -> Result<Duration> {
    let back = Instant::now();
    while main.ledger()?.done() <= before {
        main.process.go_on_waiting("to go on after the broker came back", until)?;
    }
    Ok(back.elapsed())
}
