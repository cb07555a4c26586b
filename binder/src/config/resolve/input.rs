//! What one input of one function is bound to.

use std::time::Duration;

use binder_core::{BindingName, Destination, Limit, Start};

use crate::config::problem::Problems;
use crate::config::resolve::{
    FunctionNames, Native, OnExhausted, Order, ResolvedInput, ResolvedSource, Resolver,
    binding_section,
    retry::{self, Waiting},
};
use crate::config::section::Section;

/// How long one attempt may take where nothing is said.
const DEADLINE: Duration = Duration::from_secs(5 * 60);

/// The bytes in flight where only messages are given.
const BYTES_IN_FLIGHT: usize = 64 << 20;

/// The most that AMQP's prefetch can say.
const PREFETCH: usize = u16::MAX as usize;

impl Resolver<'_> {
    /// Resolves an input, or reports why it can not be.
    pub(crate) fn input(
        &mut self,
        function: &FunctionNames<'_>,
        binding: BindingName,
    ) -> Option<ResolvedInput> {
        let section = binding_section(self.config, binding.as_str(), "input");
        let binder = self.binders.choose(&section, &mut self.problems)?;
        let read = destinations(&section, &binding, &mut self.problems)?;
        let group = self.group(function, &binding, &section)?;
        let letters = self.dead_letters(&section, &read, group.as_ref());
        let (order, retry) =
            (order(&section), retry::policy(self.config, &section, &mut self.problems));
        let waiting = Waiting { policy: retry, group: group.as_ref(), order, read: &read };
        let retries = waiting.destinations(&section, &mut self.problems);
        let sources: Vec<_> = read
            .into_iter()
            .zip(letters.into_iter().zip(retries))
            .map(|(destination, (dead_letter, retries))| {
                let found = section.whole("partition_count");
                let partition_count = self.counts.note(found, &binder.name, &destination);
                let grow = self.counts.grow(section.flag("grow"), &binder.name, &destination);
                ResolvedSource { destination, dead_letter, retries, partition_count, grow }
            })
            .collect();
        let count = sources.iter().map(|source| 1 + source.retries.len()).sum();
        Some(ResolvedInput {
            start: start(&section, group.is_none(), &mut self.problems),
            order,
            concurrency: section.whole("concurrency").map_or(1, |found| found.value),
            max_in_flight: max_in_flight(&section, &binder.kind, count, &mut self.problems),
            deadline: if section.is_off("deadline") {
                None
            } else {
                Some(section.duration("deadline").map_or(DEADLINE, |found| found.value))
            },
            retry,
            on_exhausted: on_exhausted(&section),
            copy_headers: section.flag("copy_headers").is_none_or(|found| found.value),
            native: Native::of_binding(&section, &binder.kind),
            binder: binder.name,
            binding,
            sources,
            group,
        })
    }
}

/// The destination of a binding; its own name where none is given.
pub(crate) fn destination(
    section: &Section<'_>,
    binding: &BindingName,
    problems: &mut Problems,
) -> Option<Destination> {
    let given = section.text("destination");
    let name = given.as_ref().map_or(binding.as_str(), |found| found.value);
    match Destination::new(name) {
        Ok(destination) => Some(destination),
        Err(error) => {
            problems.missing(&format!("bindings.{binding}.destination"), error.to_string());
            None
        }
    }
}

/// What an input reads: one destination, or a list of them.
fn destinations(
    section: &Section<'_>,
    binding: &BindingName,
    problems: &mut Problems,
) -> Option<Vec<Destination>> {
    match section.list("destination") {
        // The schema has checked the names, and that there are some.
        Some(found) => {
            Some(found.value.iter().filter_map(|name| Destination::new(name).ok()).collect())
        }
        None => destination(section, binding, problems).map(|one| vec![one]),
    }
}

/// What follows when a message has nowhere to go.
pub(crate) fn on_exhausted(section: &Section<'_>) -> OnExhausted {
    match section.text("on_exhausted").map(|found| found.value) {
        Some("drop") => OnExhausted::Drop,
        _ => OnExhausted::Stop,
    }
}

fn start(section: &Section<'_>, anonymous: bool, problems: &mut Problems) -> Start {
    match section.text("start") {
        Some(found) if found.value == "earliest" && anonymous => {
            let text = "an anonymous input begins with the latest; remove `start` or `anonymous`";
            problems.at(found.origin, &found.key, text);
            Start::Latest
        }
        Some(found) if found.value == "latest" => Start::Latest,
        None if anonymous => Start::Latest,
        _ => Start::Earliest,
    }
}

fn order(section: &Section<'_>) -> Order {
    match section.text("order").map(|found| found.value) {
        Some("key") => Order::Key,
        Some("none") => Order::None,
        _ => Order::Partition,
    }
}

/// The limit of the whole input. Several sources have shares of it, so there it is always given.
fn max_in_flight(
    section: &Section<'_>,
    kind: &str,
    sources: usize,
    problems: &mut Problems,
) -> Option<Limit> {
    let messages = section.whole::<usize>("max_in_flight");
    let bytes = section.whole("max_in_flight_bytes");
    if let Some(found) = messages.as_ref().filter(|found| kind == "amqp" && found.value > PREFETCH)
    {
        let text = format!("amqp takes at most {PREFETCH}, found `{}`", found.value);
        problems.at(found.origin, &found.key, text);
    }
    if let Some(found) = messages.as_ref().filter(|found| found.value < sources) {
        let text = format!(
            "`{}` is less than one message for each of the {sources} destinations, those of retries \
             included",
            found.value
        );
        problems.at(found.origin, &found.key, text);
    }
    if messages.is_none() && bytes.is_none() && sources == 1 {
        return None;
    }
    let default = if kind == "kafka" { 65_536 } else { 1024 };
    Some(Limit {
        messages: messages.map_or(default, |found| found.value),
        bytes: bytes.map_or(BYTES_IN_FLIGHT, |found| found.value),
    })
}
