//! Which binder a binding uses, and the settings of those in use.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::config::nearest::suggestion;
use crate::config::node::{Node, Table};
use crate::config::problem::Problems;
use crate::config::resolve::kind::{Choice, KINDS, MEMORY, canonical};
use crate::config::resolve::settings::{refuse_foreign, settings};
use crate::config::resolve::{ResolvedBinder, entry};
use crate::config::section::{Found, Section};
use crate::config::value::Setting;

/// The binders that there are, and those that were chosen.
pub(crate) struct Binders<'a> {
    config: &'a Config,
    compiled: Vec<&'a str>,
    /// The kind of each table, `None` where it is wrong and reported.
    tables: BTreeMap<&'a str, Option<&'a str>>,
    used: BTreeMap<String, ResolvedBinder>,
}

impl<'a> Binders<'a> {
    /// Finds the kind of every table, also of those that no binding uses.
    pub(crate) fn new(config: &'a Config, compiled: &[&'a str], problems: &mut Problems) -> Self {
        let compiled: Vec<_> = compiled.iter().map(|kind| canonical(kind)).collect();
        let mut binders = Self { config, compiled, tables: BTreeMap::new(), used: BTreeMap::new() };
        for (name, node) in tables(config) {
            let kind = binders.kind(name, node, problems);
            binders.tables.insert(name, kind);
        }
        binders
    }

    /// The binder of a binding, whose settings from now on are among those in use.
    pub(crate) fn choose(
        &mut self,
        section: &Section<'_>,
        problems: &mut Problems,
    ) -> Option<Choice> {
        let config = self.config;
        let given = section.text("binder").or_else(|| config.root().text("default_binder"));
        let name = match &given {
            Some(found) => self.by_name(found.value),
            None => self.by_default(),
        };
        let choice = name.and_then(|name| {
            let known = match self.tables.get(&*name) {
                Some(kind) => *kind,
                None => Some(canonical(&name)),
            };
            let Some(kind) = known else { return Ok(None) };
            if !self.compiled.contains(&kind) {
                return Err(format!(
                    "`{kind}` is not compiled in; build with the cargo feature `{kind}`"
                ));
            }
            let kind = kind.to_owned();
            Ok(Some(Choice { name, kind }))
        });
        match (choice, given) {
            (Ok(choice), _) => {
                let choice = choice?;
                self.use_binder(&choice, problems);
                Some(choice)
            }
            (Err(text), Some(Found { origin, key, .. })) => {
                problems.at(origin, &key, text);
                None
            }
            (Err(text), None) => {
                problems.missing("default_binder", text);
                None
            }
        }
    }

    /// The binders in use, by name.
    pub(crate) fn into_used(self) -> BTreeMap<String, ResolvedBinder> {
        self.used
    }

    fn kinds(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        let others: Vec<_> =
            self.compiled.iter().filter(|k| !KINDS.contains(*k)).copied().collect();
        KINDS.into_iter().chain(others)
    }

    fn kind(
        &self,
        name: &'a str,
        node: &'a Node<Setting>,
        problems: &mut Problems,
    ) -> Option<&'a str> {
        let section = section(self.config, name);
        let given = section.text("kind");
        let kind = canonical(given.as_ref().map_or(name, |found| found.value));
        if self.kinds().any(|known| known == kind) {
            refuse_foreign(&section, kind, problems);
            return Some(kind);
        }
        let nearest = suggestion(kind, self.kinds());
        match given {
            Some(found) => {
                problems.at(found.origin, &found.key, format!("unknown kind `{kind}`; {nearest}"));
            }
            None => {
                let text = format!(
                    "`{name}` is no kind of binder ({nearest}); set `kind`, or call the table as \
                     its kind"
                );
                problems.at(&node.origin, &format!("binders.{name}"), text);
            }
        }
        None
    }

    fn by_name(&self, name: &str) -> Result<String, String> {
        let tables = self.config.table("binders");
        if let Some((name, _)) = tables.and_then(|tables| entry(tables, name)) {
            return Ok(name.clone());
        }
        let kind = canonical(name);
        if self.kinds().any(|known| known == kind) {
            return self.by_kind(kind);
        }
        let names: Vec<_> = self.tables.keys().copied().chain(self.kinds()).collect();
        Err(format!("unknown binder `{name}`; {}", suggestion(name, names)))
    }

    /// The table of that kind if there is one, else the kind with its default settings.
    fn by_kind(&self, kind: &str) -> Result<String, String> {
        let of_kind = |(name, k): (&&'a str, &Option<&'a str>)| (*k == Some(kind)).then_some(*name);
        let names: Vec<_> = self.tables.iter().filter_map(of_kind).collect();
        match names.as_slice() {
            [] => Ok(kind.to_owned()),
            [only] => Ok((*only).to_owned()),
            names if names.contains(&kind) => Ok(kind.to_owned()),
            names => Err(format!(
                "several binders are of kind `{kind}`: set `default_binder`, or `binder` of each \
                 binding, to {}",
                quoted(names, " or ")
            )),
        }
    }

    fn by_default(&self) -> Result<String, String> {
        let brokers: Vec<_> =
            self.compiled.iter().filter(|kind| **kind != MEMORY).copied().collect();
        match brokers.as_slice() {
            [] => self.by_kind(MEMORY),
            [only] => self.by_kind(only),
            brokers => Err(format!(
                "{} are compiled in and nothing chooses between them: set `default_binder`, or \
                 `binder` of each binding",
                quoted(brokers, " and ")
            )),
        }
    }

    fn use_binder(&mut self, choice: &Choice, problems: &mut Problems) {
        if !self.used.contains_key(&choice.name) {
            let section = section(self.config, &choice.name);
            let binder = settings(choice, &section, problems);
            self.used.insert(choice.name.clone(), binder);
        }
    }
}

fn tables(config: &Config) -> impl Iterator<Item = (&str, &Node<Setting>)> {
    let tables = config.table("binders").into_iter();
    tables.flat_map(|table| &table.entries).map(|(name, node)| (name.as_str(), node))
}

fn section<'a>(config: &'a Config, name: &str) -> Section<'a> {
    let table: Option<&Table<Setting>> = config.table("binders").and_then(|t| t.table(name));
    table.map_or_else(Section::default, |table| Section::of(&format!("binders.{name}"), table))
}

fn quoted(names: &[&str], last: &str) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((end, [])) => end.clone(),
        Some((end, rest)) => format!("{}{last}{end}", rest.join(", ")),
        None => String::new(),
    }
}
