//! Members of a group come and go.

use std::{collections::VecDeque, time::Duration};

use anyhow::Result;

use super::{LIMIT, end};
use crate::{
    faults::{
        check::overlaps,
        outcome::Run,
        row::Row,
        stage::{GRACE, IN_FLIGHT, Load, Stage},
    },
    weblog::process::Process,
};

const MEMBERS: usize = 3;
const BETWEEN: Duration = Duration::from_secs(3);
const TIMES: usize = 7;
/// How long work may stand still.
const RECOVERY: Duration = Duration::from_secs(20);

/// Three processes work on twelve partitions; each three seconds the oldest leaves and another
/// joins. A partition has one owner at a time, and the order of its keys holds.
pub(super) fn storm(stage: &Stage, number: u32) -> Result<Run> {
    let load = Load { takes: 20, partitions: 12, ..Load::of(8_000) };
    let mut play = stage.play(Row::F10, number, load, LIMIT)?;
    play.feed()?;
    let mut members = VecDeque::new();
    for member in 0..MEMBERS {
        members.push_back(play.work(&format!("member-{member}"), &[])?);
    }
    let mut faults = Vec::new();
    if let Some(first) = members.front_mut() {
        play.until_done(first, 100)?;
    }
    for member in MEMBERS..MEMBERS + TIMES {
        members.push_back(play.work(&format!("member-{member}"), &[])?);
        faults.extend(members.pop_front().and_then(leave));
        if let Some(oldest) = members.front_mut() {
            play.look_for(oldest, BETWEEN)?;
        }
    }
    let Some(mut last) = members.pop_back() else { anyhow::bail!("nobody is left") };
    play.until_all_arrived(&mut last)?;
    faults.extend(members.into_iter().filter_map(leave));
    // A key whose jobs are done beyond one that is not begun has them come again.
    let judged = end(play, last, IN_FLIGHT * (TIMES + MEMBERS) as u64)?;
    let mut run = judged.run;
    run.faults.extend(faults);
    let standstill = judged.ledger.standstill(Duration::ZERO);
    run.recovery = Some(standstill);
    if standstill > RECOVERY {
        run.faults.push(format!("work stood still for {standstill:.1?}"));
    }
    let overlaps = overlaps(&judged.ledger);
    if overlaps > 0 {
        run.faults.push(format!("{overlaps} times two processes worked on one partition at once"));
    }
    Ok(run)
}

fn leave(mut member: Process) -> Option<String> {
    member.terminate(GRACE).err().map(|error| format!("{error:#}"))
}
