//! The promises, held against what the broker has at the end.

use std::collections::{BTreeMap, BTreeSet};

use crate::fate::Fate;
use crate::plan::{COPIES, DEAD, DESTINATIONS, INVOICES, Plan};
use crate::world::State;

/// What was broken.
pub(crate) fn check(state: &State) -> Vec<String> {
    let mut broken = lost(state);
    for destination in [INVOICES, COPIES, DEAD] {
        broken.extend(strange(state, destination));
        broken.extend(doubled(state, destination));
    }
    for destination in [INVOICES, COPIES] {
        broken.extend(disordered(state, destination));
    }
    broken
}

fn lost(state: &State) -> Vec<String> {
    let lost = (0..state.plan.messages).filter(|id| !state.is_finished(*id));
    lost.map(|id| format!("{id} is lost")).collect()
}

/// What stands where it does not belong.
fn strange(state: &State, destination: usize) -> Vec<String> {
    let belongs = |id: usize| {
        let fate = state.fate(id);
        match destination {
            DEAD => fate.is_dead(),
            // Its other output may have been sent.
            COPIES if fate == Fate::Unsendable => true,
            _ => fate.is_sent(),
        }
    };
    let strange = state.stored[destination].iter().filter(|id| !belongs(**id));
    strange.map(|id| format!("{id} does not belong into {}", DESTINATIONS[destination])).collect()
}

/// What is there more often than it was delivered: only a publish of which nobody knows what
/// became of it may be made twice. And where partitions are read one message after another, and no
/// process died, what is more than once there at all.
fn doubled(state: &State, destination: usize) -> Vec<String> {
    let mut times = BTreeMap::new();
    for id in &state.stored[destination] {
        *times.entry(*id).or_insert(0_usize) += 1;
    }
    let given = |id: &usize| state.deliveries.get(id).copied().unwrap_or(0);
    times
        .into_iter()
        .filter(|(id, times)| *times > given(id) + state.unknown || (*times > 1 && is_clean(state)))
        .map(|(id, times)| {
            let given = given(&id);
            format!(
                "{id} is {times} times in {}, delivered {given} times",
                DESTINATIONS[destination]
            )
        })
        .collect()
}

/// Nothing has happened after which a message may be handled twice.
fn is_clean(state: &State) -> bool {
    let Plan { order, streams, .. } = state.plan;
    order == "partition" && !streams && !state.crashed && state.unknown == 0 && !state.mended
}

/// Where a message first stands behind a later one of its key, or partition. What goes to the dead
/// letters because of one output is not waited for in the other.
fn disordered(state: &State, destination: usize) -> Vec<String> {
    if !state.plan.is_ordered() || state.alone {
        return Vec::new();
    }
    let mut highest = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for &id in state.stored[destination]
        .iter()
        .filter(|id| state.plan.fate(**id).is_sent() && seen.insert(**id))
    {
        let last = highest.entry(state.plan.lane(id)).or_insert(id);
        if id < *last {
            found.push(format!("{id} comes after {last} in {}", DESTINATIONS[destination]));
        }
        *last = id.max(*last);
    }
    found
}
