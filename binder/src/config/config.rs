//! A checked configuration.

use std::time::Duration;

use binder_core::Result;

use crate::config::assemble::{Layers, Text, assemble};
use crate::config::node::{Body, Table};
use crate::config::origin::Origin;
use crate::config::problem::Problems;
use crate::config::section::Section;
use crate::config::value::Setting;

/// How long a stop waits for work in flight where nothing is said.
const GRACE: Duration = Duration::from_secs(20);

/// All layers, checked and laid over each other. Its `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub struct Config {
    root: Table<Setting>,
    files: Vec<String>,
}

/// A value that was given, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Given {
    /// The dotted key.
    pub key: String,
    /// The value as TOML writes it; `***` for a secret.
    pub value: String,
    /// Where it was written.
    pub origin: Origin,
}

impl Config {
    pub(crate) fn new(root: Table<Setting>, files: Vec<String>) -> Self {
        Self { root, files }
    }

    /// The configuration of one text; the extension of `path`, which errors name, says whether
    /// it is TOML or YAML.
    ///
    /// # Errors
    ///
    /// As [`load`](crate::config::load).
    pub fn parse(path: &str, text: &str) -> Result<Self> {
        let files = [Text { path: path.to_owned(), text: text.to_owned() }];
        let layers = Layers { files: &files, ..Layers::default() };
        assemble(&layers, Problems::default())
    }

    /// The application's name; `package` where none is given.
    #[must_use]
    pub fn app_name<'a>(&'a self, package: &'a str) -> &'a str {
        self.root().text("app.name").map_or(package, |name| name.value)
    }

    /// How long a stop waits for work in flight. Default: 20 s.
    #[must_use]
    pub fn grace(&self) -> Duration {
        self.root().duration("grace").map_or(GRACE, |grace| grace.value)
    }

    /// The files that were read, in order.
    #[must_use]
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Every value that was given, by key, with where it was written. Secrets are hidden.
    #[must_use]
    pub fn origins(&self) -> Vec<Given> {
        let mut all = Vec::new();
        collect(&self.root, "", &mut all);
        all
    }

    pub(crate) fn root(&self) -> Section<'_> {
        Section::of("", &self.root)
    }

    /// The entries of a table of the root: `binders`, `retry` or `bindings`.
    pub(crate) fn table(&self, name: &str) -> Option<&Table<Setting>> {
        self.root.table(name)
    }
}

fn collect(table: &Table<Setting>, prefix: &str, all: &mut Vec<Given>) {
    for (name, node) in &table.entries {
        let key = format!("{prefix}{name}");
        match &node.body {
            Body::Table(table) => collect(table, &format!("{key}."), all),
            Body::Leaf(setting) => {
                all.push(Given { key, value: setting.to_string(), origin: node.origin.clone() })
            }
        }
    }
}
