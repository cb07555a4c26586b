//! What is broken in each row, and what has to hold then.

mod broker;
mod function;
mod letters;
mod members;
mod network;
mod process;
mod refused;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::{
    conformance::Binder,
    faults::{
        check::{Arrived, Verdict, judge},
        ledger::Ledger,
        outcome::Run,
        row::Row,
        stage::{GRACE, Play, Stage},
    },
    kill::Chance,
    weblog::process::Process,
};

/// No run takes longer; on a machine that is not busy with other things, half of it. One that takes
/// more than that is reported.
const LIMIT: Duration = Duration::from_secs(120);

/// Break it once.
pub(crate) fn play(stage: &Stage, row: Row, number: u32, chance: &mut Chance) -> Result<Run> {
    match row {
        Row::F00 => process::killed(stage, number, chance),
        Row::F01 => process::told_to_end(stage, number, chance),
        Row::F02 => broker::killed(stage, number, chance),
        Row::F04 => refused::unreachable(stage, number),
        Row::F08 => network::resets(stage, number),
        Row::F10 => members::storm(stage, number),
        Row::F13 => function::poison(stage, number),
        Row::F14a => function::panics(stage, number),
        Row::F15 => function::hangs(stage, number),
        Row::F17c => letters::away(stage, number),
        Row::F23 => refused::credentials(stage, number),
    }
}

/// A part of the row that cannot be broken on a binder.
pub(crate) const fn left_out(row: Row, binder: Binder) -> Option<&'static str> {
    match (row, binder) {
        (Row::F23, Binder::Kafka) => Some(
            "credentials revoked later: the test broker knows its users from its settings alone",
        ),
        _ => None,
    }
}

/// Now, as ledgers say it.
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What a run has come to before its row adds what is its own.
struct Judged {
    ledger: Ledger,
    arrived: Arrived,
    run: Run,
}

/// End the process in good order, see that everything is settled, look a last time and judge.
/// `most` jobs may come twice.
fn end(mut play: Play, mut process: Process, most: u64) -> Result<Judged> {
    // What comes again is done again after everything has arrived, and a process that was told to
    // end gives it back: it is no fault of its own if that is left then.
    play.until_settled()?;
    let ended = process.terminate(GRACE);
    let unsettled = play.until_settled()?;
    let mut judged = close(play_out(&mut play)?, play, most)?;
    judged.run.faults.extend(ended.err().map(|error| format!("{error:#}")));
    judged.run.faults.extend(unsettled);
    Ok(judged)
}

/// The last looks: what was confirmed at the end is there by now.
fn play_out(play: &mut Play) -> Result<(Ledger, Arrived, Option<u64>)> {
    play.view.look()?;
    let ledger = play.ledger()?;
    let arrived = play.arrived(&ledger);
    Ok((ledger, arrived, play.view.ahead()))
}

fn close(
    (ledger, arrived, ahead): (Ledger, Arrived, Option<u64>),
    play: Play,
    most: u64,
) -> Result<Judged> {
    let verdict = judge(&ledger, &arrived);
    let Verdict { lost, duplicated, reordered, .. } = verdict;
    let mut faults = complaints(&verdict, most);
    if let Some(ahead) = ahead.filter(|ahead| *ahead > 0) {
        faults.push(format!("{ahead} jobs were settled before they had arrived"));
    }
    play.clean()?;
    let run = Run { lost, duplicated, reordered, ahead, faults, ..Run::default() };
    Ok(Judged { ledger, arrived, run })
}

/// What is wrong with a verdict, in words.
fn complaints(verdict: &Verdict, most: u64) -> Vec<String> {
    let mut faults = Vec::new();
    let mut none = |count: u64, what: &str| {
        if count > 0 {
            faults.push(format!("{count} {what}"));
        }
    };
    none(verdict.lost, "jobs are lost");
    none(verdict.reordered, "jobs overtook an earlier one of their key");
    none(verdict.phantoms, "arrivals are of jobs that nobody sent");
    none(verdict.misplaced, "jobs arrived where they do not belong");
    none(verdict.mistaken, "dead letters have another class of failure than theirs");
    if verdict.duplicated > most {
        faults.push(format!("{} duplicates, at most {most}", verdict.duplicated));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_of_a_verdict_is_complained_about() {
        assert!(complaints(&Verdict::default(), 0).is_empty());
        let wrong = |change: fn(&mut Verdict)| {
            let mut verdict = Verdict::default();
            change(&mut verdict);
            complaints(&verdict, 2).len()
        };
        assert_eq!(wrong(|it| it.lost = 1), 1);
        assert_eq!(wrong(|it| it.duplicated = 2), 0);
        assert_eq!(wrong(|it| it.duplicated = 3), 1);
        assert_eq!(wrong(|it| it.reordered = 1), 1);
        assert_eq!(wrong(|it| it.phantoms = 1), 1);
        assert_eq!(wrong(|it| it.misplaced = 1), 1);
        assert_eq!(wrong(|it| it.mistaken = 1), 1);
    }
}
