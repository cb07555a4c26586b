//! How often a message of an input is tried.

use binder_core::logic::backoff::Backoff;

use crate::config::Config;
use crate::config::nearest::suggestion;
use crate::config::node::Body;
use crate::config::problem::Problems;
use crate::config::resolve::{RetryPolicy, entry};
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
    let RetryPolicy { max_attempts, backoff: Backoff { initial, factor, max, jitter } } =
        RetryPolicy::default();
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
    RetryPolicy { max_attempts, backoff }
}
