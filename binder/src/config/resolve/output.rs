//! What one output of one function is bound to.

use std::collections::BTreeSet;

use binder_core::{BindingName, Destination, Group, Unrouted};

use crate::config::resolve::input::{destination, on_exhausted};
use crate::config::resolve::{Native, ResolvedOutput, Resolver, binding_section};

impl Resolver<'_> {
    /// Resolves an output, or reports why it can not be; `read` is what the application reads, as
    /// binder and destination.
    pub(crate) fn output(
        &mut self,
        binding: BindingName,
        read: &BTreeSet<(String, Destination)>,
    ) -> Option<ResolvedOutput> {
        let section = binding_section(self.config, binding.as_str(), "output");
        let binder = self.binders.choose(&section, &mut self.problems)?;
        if let Some(found) = section.list("destination") {
            let text = format!(
                "an output sends to one destination; a list is for an input, under \
                 `bindings.{binding}.input` where the binding is both"
            );
            self.problems.at(found.origin, &found.key, text);
            return None;
        }
        let destination = destination(&section, &binding, &mut self.problems)?;
        let partition_count =
            self.counts.note(section.whole("partition_count"), &binder.name, &destination);
        let grow = self.counts.grow(section.flag("grow"), &binder.name, &destination);
        let groups = section.list("required_groups");
        let groups = groups.into_iter().flat_map(|found| found.value);
        // The schema has checked the names.
        let required_groups: Vec<_> = groups.filter_map(|group| Group::new(group).ok()).collect();
        let own = read.contains(&(binder.name.clone(), destination.clone()));
        let unrouted = match section.text("unrouted").map(|found| found.value) {
            Some("fail") => Unrouted::Fail,
            None if own || !required_groups.is_empty() => Unrouted::Fail,
            _ => Unrouted::Drop,
        };
        Some(ResolvedOutput {
            unrouted,
            required_groups,
            partition_count,
            grow,
            on_exhausted: on_exhausted(&section),
            copy_headers: section.flag("copy_headers").is_none_or(|found| found.value),
            native: Native::of_binding(&section, &binder.kind),
            binder: binder.name,
            binding,
            destination,
        })
    }
}
