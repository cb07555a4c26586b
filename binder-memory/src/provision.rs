//! What has to exist before anything is bound.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use binder_core::{BindingName, Destination, Error, Group, Result, Start, Topology};

use crate::binder::MemoryBinder;
use crate::limits;
use crate::state::{GroupId, State};

/// Creates every destination and group of an application, in an order that does not matter.
pub(crate) fn create(binder: &MemoryBinder, topology: &Topology) -> Result<()> {
    for (destination, Request { count, grow, binding }) in requests(topology) {
        let ensured = binder.ensure(destination, count, grow);
        ensured.map_err(|error| located(error, binding, destination))?;
    }
    for spec in &topology.consumers {
        let topic = binder.ensure(&spec.destination, None, false)?;
        if let Some(group) = &spec.group {
            let id = GroupId::Named(group.clone());
            topic.with(|state, _| state.create_group(id, spec.start));
        }
    }
    for spec in &topology.producers {
        let topic = binder.ensure(&spec.destination, None, false)?;
        topic.with(|state, _| create_groups(state, &spec.required_groups));
    }
    let store = Group::new(limits::DEAD_LETTER_GROUP)?;
    for spec in &topology.dead_letters {
        let topic = binder.ensure(&spec.destination, None, false)?;
        topic.with(|state, _| create_groups(state, std::slice::from_ref(&store)));
    }
    Ok(())
}

/// What an application wants of a destination.
#[derive(Clone, Copy, Default)]
struct Request<'a> {
    /// The largest number of partitions that anyone asks for.
    count: Option<NonZeroU32>,
    /// Somebody lets it grow.
    grow: bool,
    /// Which binding asks for that number.
    binding: Option<&'a BindingName>,
}

fn requests(topology: &Topology) -> BTreeMap<&Destination, Request<'_>> {
    let inputs = topology
        .consumers
        .iter()
        .map(|spec| (&spec.destination, spec.partition_count, spec.grow, Some(&spec.binding)));
    let outputs = topology
        .producers
        .iter()
        .map(|spec| (&spec.destination, spec.partition_count, spec.grow, Some(&spec.binding)));
    let dead_letters = topology
        .dead_letters
        .iter()
        .map(|spec| (&spec.destination, spec.partition_count, spec.grow, None));
    let mut all = BTreeMap::<_, Request<'_>>::new();
    for (destination, count, grow, binding) in inputs.chain(outputs).chain(dead_letters) {
        let request = all.entry(destination).or_default();
        request.grow |= grow;
        if count > request.count || (request.binding.is_none() && request.count.is_none()) {
            (request.count, request.binding) = (count, binding);
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
