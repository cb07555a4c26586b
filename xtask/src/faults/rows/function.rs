//! The function misbehaves: it fails, it panics, it hangs.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;

use super::{Judged, LIMIT, end};
use crate::{
    conformance::Binder,
    faults::{
        check::{Arrived, wrong_attempts},
        ledger::{Ledger, What},
        outcome::Run,
        row::Row,
        stage::{Load, Stage},
    },
};

/// Milliseconds between the attempts that the application is configured for.
const BACKOFFS: [u64; 2] = [100, 200];

/// One job of a hundred always fails. It is tried three times, with its back-off, and is then
/// among the dead letters; no other is touched.
pub(super) fn poison(stage: &Stage, number: u32) -> Result<Run> {
    let load = Load { fates: &["fails@99/100"], ..Load::of(2_000) };
    let mut play = stage.play(Row::F13, number, load, LIMIT)?;
    play.feed()?;
    let mut process = play.work("work", &[])?;
    play.until_all_arrived(&mut process)?;
    let Judged { ledger, arrived, mut run } = end(play, process, 0)?;
    run.faults.extend(attempts(wrong_attempts(&ledger, &arrived, &BACKOFFS)));
    Ok(run)
}

/// One job of a hundred always panics, one of a hundred panics once while it holds a lock that all
/// share. To a binding that is a failure like any other, and the process lives.
pub(super) fn panics(stage: &Stage, number: u32) -> Result<Run> {
    let load = Load { fates: &["panics@49/100", "locks@99/100"], ..Load::of(2_000) };
    let mut play = stage.play(Row::F14a, number, load, LIMIT)?;
    play.feed()?;
    let mut process = play.work("work", &[])?;
    play.until_all_arrived(&mut process)?;
    let Judged { ledger, arrived, mut run } = end(play, process, 0)?;
    run.faults.extend(attempts(wrong_attempts(&ledger, &arrived, &BACKOFFS)));
    Ok(run)
}

fn attempts(wrong: u64) -> Option<String> {
    (wrong > 0).then(|| format!("{wrong} jobs were not tried three times with their back-off"))
}

/// How long an attempt may take where one hangs.
const DEADLINE: Duration = Duration::from_secs(2);
/// How much later than that it may be noticed.
const LATER: Duration = Duration::from_secs(2);
/// What a hanging job is given beside the settings of the run.
const PATIENCE: [&str; 3] = [
    "--set=bindings.jobs.deadline=2s",
    "--set=bindings.jobs.retry.max_attempts=2",
    // One job that hangs must not stand for all that may be unsettled.
    "--set=bindings.jobs.max_in_flight=10000",
];
/// A job blocks its thread for longer than Kafka lets a member be silent, or not poll.
const IMPATIENCE: [&str; 2] =
    ["--block=12000", "--set=bindings.jobs.input.native.kafka.max.poll.interval.ms=10000"];

/// Jobs that never return, and one that blocks its thread. The deadline ends the former, the
/// latter comes back; all others go on meanwhile, and the process stays a member of its group
/// and ready.
pub(super) fn hangs(stage: &Stage, number: u32) -> Result<Run> {
    let fates = &["hangs@200/2000", "blocks@2800/100000"];
    let load = Load { fates, takes: 10, rate: 400, ..Load::of(5_000) };
    let mut play = stage.play(Row::F15, number, load, LIMIT)?;
    play.feed()?;
    let mut arguments = PATIENCE.to_vec();
    if stage.binder == Binder::Kafka {
        arguments.extend(IMPATIENCE);
    } else {
        arguments.push("--block=6000");
    }
    let mut process = play.work("work", &arguments)?;
    play.until_all_arrived(&mut process)?;
    let unready = play.ledger()?.unready();
    let Judged { ledger, arrived, mut run } = end(play, process, 0)?;
    run.faults.extend(unready);
    let standstill = ledger.standstill(Duration::ZERO);
    if standstill > DEADLINE + LATER {
        run.faults.push(format!("nothing was done for {standstill:.1?}"));
    }
    let longest = longest_attempt(&ledger, &arrived);
    if longest > DEADLINE + LATER {
        run.faults.push(format!("an attempt that hung was given up after {longest:.1?}"));
    }
    Ok(run)
}

/// The longest last attempt at a job that hangs, without the time in which a thread was blocked: a
/// task notices a deadline when the function that blocks it has returned.
fn longest_attempt(ledger: &Ledger, arrived: &Arrived) -> Duration {
    let (mut last, mut blocked) = (BTreeMap::new(), Vec::new());
    for entry in &ledger.entries {
        match (entry.job.fate.as_str(), &entry.what) {
            ("hangs", What::Start(_)) => drop(last.insert(entry.job.id, entry.at)),
            ("blocks", What::Start(_) | What::Done(_)) => blocked.push(entry.at),
            _ => {}
        }
    }
    let common = |from: Duration, to: Duration| {
        let [begun, over, ..] = blocked[..] else { return Duration::ZERO };
        to.min(over).saturating_sub(from.max(begun))
    };
    let attempts = arrived.letters.iter().filter_map(|(id, failure)| {
        let begun = *last.get(id)?;
        Some(failure.at.saturating_sub(begun + common(begun, failure.at)))
    });
    attempts.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::ledger::Failure;

    #[test]
    fn a_hanging_attempt_is_measured() {
        let text = "done 1000000 1 0 0 1 0 0 0 good\nstart 1100000 1 0 1 1 1 1 0 hangs\n\
                    start 3300000 1 0 1 2 1 1 0 hangs\ndone 6000000 1 0 2 1 2 2 0 good\n";
        let failure = |millis| Failure {
            attempts: 2,
            class: "deadline".into(),
            at: Duration::from_millis(millis),
        };
        let arrived = Arrived { results: Vec::new(), letters: vec![(1, failure(7_500))] };
        let ledger = Ledger::of(text);
        assert_eq!(longest_attempt(&ledger, &arrived), Duration::from_millis(4_200));
        let blocked = "start 3200000 1 0 3 1 3 3 0 blocks\ndone 5300000 1 0 3 1 3 3 0 blocks\n";
        let ledger = Ledger::of(&(text.to_owned() + blocked));
        assert_eq!(longest_attempt(&ledger, &arrived), Duration::from_millis(2_200));
    }
}
