//! One round: two processes parse, a third runs everything, one of the two is ended.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    brokers::Witness,
    command,
    kill::{
        chance::Chance,
        check,
        ledger::Ledger,
        stage::{Ending, Player, Stage},
    },
    weblog::answer,
};

/// No round takes longer.
const LIMIT: Duration = Duration::from_secs(120);
/// A process that was told to end has this long, which is the default grace.
const GRACE: Duration = Duration::from_secs(20);
/// The one that is ended has done so many deliveries ...
const BEFORE: usize = 500;
/// ... and goes on for up to this long.
const AT_MOST: Duration = Duration::from_millis(1_500);

/// What a round came to.
pub(crate) struct Outcome {
    pub(crate) ending: Ending,
    /// What the ended process had done.
    pub(crate) done: usize,
    /// What it had begun and not done.
    pub(crate) open: usize,
    /// How many of those were begun again elsewhere.
    pub(crate) restarted: usize,
    /// From the end of the process until the last of them was.
    pub(crate) recovery: Option<Duration>,
    /// Lines of the log that never arrived.
    pub(crate) lost: u64,
    /// Lines that came again.
    pub(crate) duplicates: u64,
    pub(crate) time: Duration,
    /// What did not hold.
    pub(crate) faults: Vec<String>,
}

/// The process that was ended, as its ledger tells.
struct Ended {
    ledger: Ledger,
    /// How far the ledgers of the others went at that moment.
    marks: [usize; 2],
    at: Instant,
    fault: Option<String>,
}

/// Play one round; an error when it could not be played to its end.
pub(crate) fn play(
    stage: &Stage,
    ending: Ending,
    number: u32,
    chance: &mut Chance,
) -> Result<Outcome> {
    let begun = Instant::now();
    let until = begun + LIMIT;
    let folder = stage.folder(number)?;
    let (mut one, mut two) = (stage.extra(1, &folder)?, stage.extra(2, &folder)?);
    one.process.wait_until_it_logs("ready", until)?;
    two.process.wait_until_it_logs("ready", until)?;
    let witness = match ending {
        Ending::Kill => None,
        Ending::Terminate => Some(Witness::of(stage.broker, "weblog.hits")?),
    };
    let main = stage.main(&folder)?;
    let (mut victim, other) = if chance.below(2) == 0 { (one, two) } else { (two, one) };
    let mut others = [main, other];
    victim.wait_until_done(BEFORE, until)?;
    command::pause(chance.up_to(AT_MOST));
    let ended = end(&mut victim, &others, ending, until)?;
    let (report, restarts) = watch(&mut others, &ended, until)?;
    let mut faults = check::report(&report, &stage.log.answer, ending);
    faults.extend(ended.fault);
    faults.extend(check::restarts(&ended.ledger.open(), &restarts.again));
    let [mut main, mut other] = others;
    faults.extend(terminate(&mut other));
    faults.extend(check::exit(main.process.status()?, &report));
    if let Some(mut witness) = witness {
        let run = report["run"].as_str().context("the report names no run")?;
        faults.extend(check::witnessed(&witness.lines(run)?, &report));
    }
    Ok(Outcome {
        ending,
        done: ended.ledger.done(),
        open: ended.ledger.open().len(),
        restarted: restarts.again.len(),
        recovery: restarts.all_after,
        lost: report["missing"]["count"].as_u64().unwrap_or(0),
        duplicates: report["duplicates"].as_u64().unwrap_or(u64::MAX),
        time: begun.elapsed(),
        faults,
    })
}

/// End the process and read its ledger as it stood at that moment.
fn end(victim: &mut Player, others: &[Player; 2], ending: Ending, until: Instant) -> Result<Ended> {
    let marks = || anyhow::Ok([others[0].ledger()?.len(), others[1].ledger()?.len()]);
    match ending {
        Ending::Kill => {
            victim.process.freeze(until)?;
            let (ledger, marks) = (victim.ledger()?, marks()?);
            victim.process.signal("KILL")?;
            let at = Instant::now();
            victim.process.wait(until)?;
            ensure!(victim.ledger()? == ledger, "a process that was stopped went on");
            Ok(Ended { ledger, marks, at, fault: None })
        }
        Ending::Terminate => {
            let (marks, at) = (marks()?, Instant::now());
            let fault = terminate(victim);
            Ok(Ended { ledger: victim.ledger()?, marks, at, fault })
        }
    }
}

/// Ask a process to end; what was wrong about how it did.
fn terminate(player: &mut Player) -> Option<String> {
    player.process.terminate(GRACE).err().map(|error| format!("{error:#}"))
}

/// What the others began again.
struct Restarts {
    again: BTreeSet<String>,
    /// From the end of the process until all of it was.
    all_after: Option<Duration>,
}

/// Wait for the report, and see meanwhile when the others begin what was left open.
fn watch(others: &mut [Player; 2], ended: &Ended, until: Instant) -> Result<(Value, Restarts)> {
    let open = ended.ledger.open();
    let mut restarts = Restarts { again: BTreeSet::new(), all_after: None };
    loop {
        let over = others[0].process.status()?.is_some();
        if restarts.all_after.is_none() {
            for (other, mark) in others.iter().zip(ended.marks) {
                let ledger = other.ledger()?;
                let again = ledger.started_after(mark).filter(|name| open.contains(name));
                restarts.again.extend(again.map(str::to_owned));
            }
            if restarts.again.len() == open.len() {
                restarts.all_after = Some(ended.at.elapsed());
            }
        }
        if over {
            let printed = others[0].process.output()?;
            let report = answer::read(&printed)
                .with_context(|| format!("no report{}", others[0].process.last_words()))?;
            return Ok((report, restarts));
        }
        others[0].process.look_later("to report", until)?;
    }
}
