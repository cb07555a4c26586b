//! Options for a client, as far as they may be printed.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::node::{Body, Table};
use crate::config::resolve::kind::canonical;
use crate::config::secret::shown;
use crate::config::section::Section;
use crate::config::value::Setting;

/// Options that only one kind of binder understands. Its `Debug` hides what may be a secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Native(BTreeMap<String, String>);

impl Native {
    /// The options by name.
    #[must_use]
    pub fn options(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The options by name, owned; from here on nothing hides their secrets.
    #[must_use]
    pub fn into_options(self) -> BTreeMap<String, String> {
        self.0
    }

    /// The options of a binder.
    pub(crate) fn of_binder(section: &Section<'_>) -> Self {
        let mut native = Self::default();
        for (_, table) in section.tables().rev() {
            native.lay(table.table("native"));
        }
        native
    }

    /// The options of a binding for one kind of binder.
    pub(crate) fn of_binding(section: &Section<'_>, kind: &str) -> Self {
        let mut native = Self::default();
        for (_, table) in section.tables().rev() {
            for (name, node) in table.table("native").into_iter().flat_map(|t| &t.entries) {
                if canonical(name) == kind {
                    native.lay(node.as_table());
                }
            }
        }
        native
    }

    fn lay(&mut self, options: Option<&Table<Setting>>) {
        for (name, node) in options.into_iter().flat_map(|table| &table.entries) {
            let value = match &node.body {
                Body::Leaf(Setting::Text(text)) => text,
                Body::Leaf(Setting::Hidden(secret)) => secret.reveal(),
                _ => continue,
            };
            self.0.insert(name.clone(), value.to_owned());
        }
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, value)| (name, shown(name, value))))
            .finish()
    }
}
