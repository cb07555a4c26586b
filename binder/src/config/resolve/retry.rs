//! How often a message of an input is tried.

use std::num::NonZeroU32;

use binder_core::logic::backoff::Backoff;
use binder_core::logic::retry::{MOST, waits};
use binder_core::{Destination, Group};

use crate::config::Config;
use crate::config::nearest::suggestion;
use crate::config::node::Body;
use crate::config::problem::Problems;
use crate::config::resolve::{Order, RetryPlace, RetryPolicy, entry};
use crate::config::section::{Found, Section};
use crate::config::value::Setting;

/// The policy that an input names or writes out; the defaults where it does neither.
pub(crate) fn policy(
    config: &Config,
    section: &Section<'_>,
    problems: &mut Problems,
) -> RetryPolicy {
    let Some(found) = section.node("retry") else { return RetryPolicy::default() };
    match &found.value.body {
        Body::Table(table) => read(&Section::of(&found.key, table), problems),
        Body::Leaf(Setting::Text(name)) => named(config, name, &found, problems),
        Body::Leaf(_) => RetryPolicy::default(),
    }
}

fn named<T>(
    config: &Config,
    name: &str,
    found: &Found<'_, T>,
    problems: &mut Problems,
) -> RetryPolicy {
    let policies = config.table("retry");
    let policy = policies.and_then(|table| entry(table, name));
    if let Some((name, table)) = policy.and_then(|(name, node)| Some((name, node.as_table()?))) {
        return read(&Section::of(&format!("retry.{name}"), table), problems);
    }
    let names: Vec<_> =
        policies.into_iter().flat_map(|table| table.entries.keys()).map(String::as_str).collect();
    let text = format!("unknown retry policy `{name}`; {}", suggestion(name, names));
    problems.at(found.origin, &found.key, text);
    RetryPolicy::default()
}

fn read(section: &Section<'_>, problems: &mut Problems) -> RetryPolicy {
    let RetryPolicy { max_attempts, backoff, .. } = RetryPolicy::default();
    let Backoff { initial, factor, max, jitter } = backoff;
    let initial_found = section.duration("backoff.initial");
    let max_found = section.duration("backoff.max");
    let backoff = Backoff {
        initial: initial_found.as_ref().map_or(initial, |found| found.value),
        factor: section.number("backoff.factor").map_or(factor, |found| found.value),
        max: max_found.as_ref().map_or(max, |found| found.value),
        jitter: section.flag("backoff.jitter").map_or(jitter, |found| found.value),
    };
    if backoff.initial > backoff.max
        && let Some(found) = initial_found.or(max_found)
    {
        let text = "`initial` is above `max` (defaults: 1s, 10s); set both";
        problems.at(found.origin, &found.key, text);
    }
    let max_attempts = section.whole("max_attempts").map_or(max_attempts, |found| found.value);
    let place = match section.text("where").map(|found| found.value) {
        Some("broker") => RetryPlace::Broker,
        _ => RetryPlace::Process,
    };
    RetryPolicy { max_attempts, backoff, place }
}

/// What else is said of an input whose messages may wait at the broker.
pub(crate) struct Waiting<'a> {
    pub(crate) policy: RetryPolicy,
    pub(crate) group: Option<&'a Group>,
    pub(crate) order: Order,
    pub(crate) read: &'a [Destination],
}

impl Waiting<'_> {
    /// For each destination that is read those where its messages wait, the shortest wait first.
    ///
    /// `section` is the binding's; what does not fit is reported where `retry` stands.
    pub(crate) fn destinations(
        &self,
        section: &Section<'_>,
        problems: &mut Problems,
    ) -> Vec<Vec<Destination>> {
        let none = vec![Vec::new(); self.read.len()];
        let Some(found) = section.node("retry") else { return none };
        if self.policy.place == RetryPlace::Process {
            return none;
        }
        match self.named() {
            Ok(destinations) => destinations,
            Err(text) => {
                problems.at(found.origin, &found.key, text);
                none
            }
        }
    }

    fn named(&self) -> Result<Vec<Vec<Destination>>, String> {
        let Some(group) = self.group else {
            return Err("`where = \"broker\"` is for a group, and an anonymous input has none; \
                        remove `where` or `anonymous`"
                .into());
        };
        if self.order != Order::None {
            return Err("`where = \"broker\"` lets later messages overtake what is tried again; \
                        set `order = \"none\"`, or remove `where`"
                .into());
        }
        let attempts = NonZeroU32::new(self.policy.max_attempts).unwrap_or(NonZeroU32::MIN);
        let waits = waits(attempts, &self.policy.backoff).len();
        if waits > MOST {
            return Err(format!(
                "`where = \"broker\"` takes at most {MOST} different waits, each a destination of \
                 its own; lower `max_attempts` or `backoff.max`, or raise `backoff.factor`"
            ));
        }
        let name = |read: &Destination, step: usize| {
            let name = format!("{read}.{group}.retry-{step}");
            Destination::new(name).map_err(|error| error.to_string())
        };
        self.read.iter().map(|read| (1..=waits).map(|step| name(read, step)).collect()).collect()
    }
}
