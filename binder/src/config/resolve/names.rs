//! Names that must fit together: of functions, of their bindings, of the configuration's.

use std::collections::{BTreeMap, BTreeSet};

use binder_core::BindingName;

use crate::config::Config;
use crate::config::layer::environment::written;
use crate::config::nearest::suggestion;
use crate::config::node::Node;
use crate::config::problem::Problems;
use crate::config::resolve::kind::{KINDS, MEMORY, canonical};
use crate::config::resolve::{FunctionNames, entry};
use crate::config::schema::keys::{KEYS, Side};
use crate::config::section::Section;
use crate::config::value::Setting;

/// The names that are well formed; the others are reported by [`check`].
pub(crate) fn valid<'a>(names: &'a [&'a str]) -> impl Iterator<Item = BindingName> + 'a {
    names.iter().filter_map(|name| BindingName::new(name).ok())
}

/// Reports names that are wrong, twice there or belong to nobody.
pub(crate) fn check(
    config: &Config,
    functions: &[FunctionNames<'_>],
    compiled: &[&str],
    problems: &mut Problems,
) {
    twice(functions, problems);
    let bindings = functions.iter().flat_map(|f| f.inputs.iter().chain(f.outputs));
    spelling(bindings.copied(), problems);
    let tables = config.table("bindings").into_iter().flat_map(|table| &table.entries);
    for (name, node) in tables {
        binding(config, name, node, functions, problems);
        natives(name, node, compiled, problems);
    }
}

fn twice(functions: &[FunctionNames<'_>], problems: &mut Problems) {
    for (index, function) in functions.iter().enumerate() {
        let place = format!("function `{}`", function.name);
        if functions[..index].iter().any(|other| other.name == function.name) {
            problems.with(&*place, "bound twice: bind it once, or give the second another name");
        }
        for (what, names) in [("input", function.inputs), ("output", function.outputs)] {
            for (index, name) in names.iter().enumerate() {
                if names[..index].contains(name) {
                    problems.with(&*place, format!("{what} `{name}` is named twice"));
                }
                if let Err(error) = BindingName::new(name) {
                    problems.with(&*place, error.to_string());
                }
            }
        }
    }
}

/// Two names that one environment variable would stand for.
fn spelling<'a>(names: impl Iterator<Item = &'a str>, problems: &mut Problems) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in names {
        let other = *seen.entry(written(name)).or_insert(name);
        if other != name {
            let text = format!(
                "`{other}` and `{name}` are the same in an environment variable; rename one"
            );
            problems.missing("bindings", text);
        }
    }
}

fn binding(
    config: &Config,
    name: &str,
    node: &Node<Setting>,
    functions: &[FunctionNames<'_>],
    problems: &mut Problems,
) {
    let key = format!("bindings.{name}");
    // A name that only the environment spells is found by the name that a function spells.
    let found = |declared: &&str| {
        config.table("bindings").and_then(|t| entry(t, declared)).is_some_and(|(n, _)| n == name)
    };
    let read = functions.iter().any(|function| function.inputs.iter().any(&found));
    let sent = functions.iter().any(|function| function.outputs.iter().any(&found));
    if !read && !sent {
        let mut all: Vec<_> =
            functions.iter().flat_map(|f| f.inputs.iter().chain(f.outputs)).copied().collect();
        all.sort_unstable();
        all.dedup();
        let text = format!("no function has a binding of that name; {}", suggestion(name, all));
        problems.at(&node.origin, &key, text);
        return;
    }
    let Some(table) = node.as_table() else { return };
    let section = Section::of(&key, table);
    if !read {
        idle(&section, Side::Input, &format!("no function reads `{name}`"), problems);
    }
    if !sent {
        idle(&section, Side::Output, &format!("no function sends to `{name}`"), problems);
    }
}

/// Reports keys of a side that the binding does not have: they would silently do nothing.
fn idle(section: &Section<'_>, side: Side, why: &str, problems: &mut Problems) {
    let keys = KEYS.iter().filter(|key| key.side == side);
    let keys = keys.filter_map(|key| key.path.strip_prefix("bindings.NAME."));
    // Of `retry` and what stands below it, `retry` is enough.
    for key in side.tables().iter().copied().chain(keys.filter(|key| !key.contains('.'))) {
        if let Some(found) = section.node(key) {
            problems.at(found.origin, &found.key, format!("of no effect: {why}"));
        }
    }
}

/// Reports options for a kind that does not exist, or has none.
fn natives(name: &str, node: &Node<Setting>, compiled: &[&str], problems: &mut Problems) {
    let Some(table) = node.as_table() else { return };
    let section = Section::of(&format!("bindings.{name}"), table);
    let kinds = || KINDS.into_iter().chain(compiled.iter().copied()).filter(|k| *k != MEMORY);
    for side in ["", "input.", "output."] {
        let Some(found) = section.node(&format!("{side}native")) else { continue };
        for (kind, node) in found.value.as_table().into_iter().flat_map(|table| &table.entries) {
            if !kinds().any(|known| known == canonical(kind)) {
                let nearest = suggestion(kind, kinds().collect::<BTreeSet<_>>());
                let text = format!("no kind of binder that takes options; {nearest}");
                problems.at(&node.origin, &format!("{}.{kind}", found.key), text);
            }
        }
    }
}
