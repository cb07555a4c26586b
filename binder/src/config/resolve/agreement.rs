//! What bindings of one destination must agree on.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use binder_core::Destination;

use crate::config::Config;
use crate::config::problem::Problems;
use crate::config::resolve::{ResolvedFunction, ResolvedInput, ResolvedSource, binding_section};
use crate::config::section::Found;

/// A destination on a binder, named by its table.
type Place = (String, Destination);

/// The partition counts that were asked for, and by whom.
#[derive(Default)]
pub(crate) struct Counts<'a> {
    asked: Vec<(Place, Found<'a, NonZeroU32>)>,
    growing: Vec<(Place, Found<'a, bool>)>,
}

impl<'a> Counts<'a> {
    /// Remembers what a binding asks for.
    pub(crate) fn note(
        &mut self,
        found: Option<Found<'a, u64>>,
        binder: &str,
        destination: &Destination,
    ) -> Option<NonZeroU32> {
        let Found { value, origin, key } = found?;
        let value = u32::try_from(value).ok().and_then(NonZeroU32::new)?;
        let place = (binder.to_owned(), destination.clone());
        self.asked.push((place, Found { value, origin, key }));
        Some(value)
    }

    /// Remembers that a binding lets its destination grow.
    pub(crate) fn grow(
        &mut self,
        found: Option<Found<'a, bool>>,
        binder: &str,
        destination: &Destination,
    ) -> bool {
        let Some(found) = found.filter(|found| found.value) else { return false };
        self.growing.push(((binder.to_owned(), destination.clone()), found));
        true
    }

    /// Reports destinations with different counts, and those that grow to none. Gives count and
    /// growth to the bindings that ask for neither: whoever comes first makes the destination.
    pub(crate) fn agree(self, functions: &mut [ResolvedFunction], problems: &mut Problems) {
        let mut counts: BTreeMap<Place, Found<'_, NonZeroU32>> = BTreeMap::new();
        for (place, found) in self.asked {
            match counts.get(&place) {
                Some(first) if first.value != found.value => {
                    let text = format!(
                        "destination `{}` has {} by `{}` ({}) and {} here; make them equal",
                        place.1, first.value, first.key, first.origin, found.value
                    );
                    problems.at(found.origin, &found.key, text);
                }
                Some(_) => {}
                None => drop(counts.insert(place, found)),
            }
        }
        for (place, found) in &self.growing {
            if !counts.contains_key(place) {
                let text = "of no effect: no `partition_count` is set for the destination";
                problems.at(found.origin, &found.key, text);
            }
        }
        let growing: BTreeSet<_> = self.growing.into_iter().map(|(place, _)| place).collect();
        let grows = |binder: &String, destination: &Destination| {
            growing.contains(&(binder.clone(), destination.clone()))
        };
        let count = |binder: &String, destination: &Destination| {
            counts.get(&(binder.clone(), destination.clone())).map(|found| found.value)
        };
        for function in functions {
            for input in &mut function.inputs {
                for source in &mut input.sources {
                    source.partition_count = count(&input.binder, &source.destination);
                    source.grow = grows(&input.binder, &source.destination);
                }
            }
            for output in &mut function.outputs {
                output.partition_count = count(&output.binder, &output.destination);
                output.grow = grows(&output.binder, &output.destination);
            }
        }
    }
}

/// Every destination that the application reads.
pub(crate) fn destinations(functions: &[ResolvedFunction]) -> BTreeSet<Place> {
    let read = functions.iter().flat_map(read);
    read.map(|(input, source)| (input.binder.clone(), source.destination.clone())).collect()
}

/// The inputs of a function with each destination they read.
fn read(function: &ResolvedFunction) -> impl Iterator<Item = (&ResolvedInput, &ResolvedSource)> {
    let inputs = function.inputs.iter();
    inputs.flat_map(|input| input.sources.iter().map(move |source| (input, source)))
}

/// Reports two bindings that read one destination in one group: each message would reach only
/// one of them.
pub(crate) fn groups(config: &Config, functions: &[ResolvedFunction], problems: &mut Problems) {
    let mut readers = BTreeMap::new();
    for function in functions {
        for (input, source) in read(function) {
            let Some(group) = &input.group else { continue };
            let place = (&input.binder, &source.destination, group);
            let Some((name, other)) = readers.insert(place, (&function.name, &input.binding))
            else {
                continue;
            };
            // Several functions that read one binding are reported where the group is given.
            if other == &input.binding {
                continue;
            }
            let text = format!(
                "functions `{name}` by `{other}` and `{}` by `{}` read destination `{}` in one \
                 group, `{group}`, so each message would reach only one of them; give one another \
                 group",
                function.name, input.binding, source.destination
            );
            let section = binding_section(config, input.binding.as_str(), "input");
            match section.text("group") {
                Some(found) => problems.at(found.origin, &found.key, text),
                None => problems.missing(&format!("bindings.{}.group", input.binding), text),
            }
        }
    }
}
