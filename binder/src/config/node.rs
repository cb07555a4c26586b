//! A tree of values, each with its origin, and how layers of it are laid over each other.
//!
//! # Laws
//!
//! 1. Merging is associative, so layers may be merged in any grouping.
//! 2. A leaf of the upper layer is there afterwards, with its own origin.
//! 3. A leaf of the lower layer is there afterwards, with its own origin, unless the upper layer
//!    has something at its path, a leaf above it or a table that had replaced a leaf.
//! 4. Tables merge key by key, everything else replaces.

use std::collections::BTreeMap;

use crate::config::origin::Origin;

/// A value or a table, and where it was written. For a table that is where it was first written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node<V> {
    pub(crate) origin: Origin,
    pub(crate) body: Body<V>,
}

/// What stands at a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body<V> {
    Leaf(V),
    Table(Table<V>),
}

/// The entries of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table<V> {
    pub(crate) entries: BTreeMap<String, Node<V>>,
    /// It took the place of a leaf, so it also replaces whatever table lies below that leaf.
    /// Without this, merging would not be associative.
    replaces: bool,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), replaces: false }
    }
}

impl<V> Node<V> {
    /// A value.
    pub(crate) fn leaf(origin: Origin, value: V) -> Self {
        Self { origin, body: Body::Leaf(value) }
    }

    /// A table.
    pub(crate) fn table(origin: Origin, table: Table<V>) -> Self {
        Self { origin, body: Body::Table(table) }
    }

    /// The table, if it is one.
    pub(crate) fn as_table(&self) -> Option<&Table<V>> {
        match &self.body {
            Body::Table(table) => Some(table),
            Body::Leaf(_) => None,
        }
    }

    fn under(self, upper: Self) -> Self {
        match (self.body, upper.body) {
            (Body::Table(lower), Body::Table(table)) if !table.replaces => {
                Self { origin: self.origin, body: Body::Table(lower.under(table)) }
            }
            (Body::Leaf(_), Body::Table(table)) => {
                let table = Table { replaces: true, ..table };
                Self { origin: upper.origin, body: Body::Table(table) }
            }
            (_, body) => Self { origin: upper.origin, body },
        }
    }
}

impl<V> Table<V> {
    /// Lays `upper` over this table.
    pub(crate) fn under(mut self, upper: Self) -> Self {
        for (name, node) in upper.entries {
            let merged = match self.entries.remove(&name) {
                Some(lower) => lower.under(node),
                None => node,
            };
            self.entries.insert(name, merged);
        }
        self
    }

    /// The node at a path of keys.
    pub(crate) fn node(&self, path: &[&str]) -> Option<&Node<V>> {
        let (first, rest) = path.split_first()?;
        let node = self.entries.get(*first)?;
        if rest.is_empty() { Some(node) } else { node.as_table()?.node(rest) }
    }

    /// The table at a key.
    pub(crate) fn table(&self, name: &str) -> Option<&Self> {
        self.entries.get(name)?.as_table()
    }

    /// Puts a leaf at a path.
    ///
    /// # Errors
    ///
    /// The origin of what stands at the path already, at a part of it or below it.
    pub(crate) fn insert(&mut self, path: &[&str], leaf: Node<V>) -> Result<(), Origin> {
        let Some((first, rest)) = path.split_first() else { return Ok(()) };
        let taken = self.entries.get(*first).map(|node| node.origin.clone());
        if rest.is_empty() {
            return match taken {
                Some(origin) => Err(origin),
                None => {
                    self.entries.insert((*first).to_owned(), leaf);
                    Ok(())
                }
            };
        }
        let origin = leaf.origin.clone();
        let node = self
            .entries
            .entry((*first).to_owned())
            .or_insert_with(|| Node::table(origin, Self::default()));
        match &mut node.body {
            Body::Table(table) => table.insert(rest, leaf),
            Body::Leaf(_) => Err(node.origin.clone()),
        }
    }
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;
