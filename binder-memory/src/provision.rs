//! What has to exist before anything is bound.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use binder_core::{BindingName, Destination, Error, Group, Result, Start, Topology};

use crate::binder::MemoryBinder;
use crate::limits;
use crate::state::{GroupId, State};

/// Creates every destination and group of an application, in an order that does not matter.
pub(crate) fn create(binder: &MemoryBinder, topology: &Topology) -> Result<()> {
    for (destination, (count, binding)) in requests(topology) {
        binder.ensure(destination, count).map_err(|error| located(error, binding, destination))?;
    }
    for spec in &topology.consumers {
        let topic = binder.ensure(&spec.destination, None)?;
        if let Some(group) = &spec.group {
            let id = GroupId::Named(group.clone());
            topic.with(|state, _| state.create_group(id, spec.start));
        }
    }
    for spec in &topology.producers {
        let topic = binder.ensure(&spec.destination, None)?;
        topic.with(|state, _| create_groups(state, &spec.required_groups));
    }
    let store = Group::new(limits::DEAD_LETTER_GROUP)?;
    for spec in &topology.dead_letters {
        let topic = binder.ensure(&spec.destination, None)?;
        topic.with(|state, _| create_groups(state, std::slice::from_ref(&store)));
    }
    Ok(())
}

/// The largest number of partitions that anyone in the application asks for, by destination, and
/// which binding does.
fn requests(
    topology: &Topology,
) -> BTreeMap<&Destination, (Option<NonZeroU32>, Option<&BindingName>)> {
    let inputs = topology
        .consumers
        .iter()
        .map(|spec| (&spec.destination, (spec.partition_count, Some(&spec.binding))));
    let outputs = topology
        .producers
        .iter()
        .map(|spec| (&spec.destination, (spec.partition_count, Some(&spec.binding))));
    let dead_letters =
        topology.dead_letters.iter().map(|spec| (&spec.destination, (spec.partition_count, None)));
    let mut all = BTreeMap::new();
    for (destination, request) in inputs.chain(outputs).chain(dead_letters) {
        let largest = all.entry(destination).or_insert(request);
        if request.0 > largest.0 {
            *largest = request;
        }
    }
    all
}

/// Creates groups that get everything kept and to come.
pub(crate) fn create_groups(state: &mut State, groups: &[Group]) {
    for group in groups {
        state.create_group(GroupId::Named(group.clone()), Start::Earliest);
    }
}

/// The error with where it happened.
pub(crate) fn located(
    error: Error,
    binding: Option<&BindingName>,
    destination: &Destination,
) -> Error {
    let error = error.at_binder(limits::KIND).at_destination(destination.as_str());
    match binding {
        Some(binding) => error.at_binding(binding.as_str()),
        None => error,
    }
}
