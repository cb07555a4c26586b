//! The table of keys as a tree, to walk along with a configuration.

use std::collections::BTreeMap;

use crate::config::nearest::nearest;
use crate::config::schema::keys::{KEYS, Key};

/// What may stand at a place of the configuration.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    /// The key of this place, if a value may stand here.
    pub(crate) key: Option<&'static Key>,
    /// The keys below it.
    pub(crate) below: BTreeMap<&'static str, Self>,
    /// What stands below a name of the user's.
    pub(crate) named: Option<Box<Self>>,
}

impl Schema {
    /// The tree of all keys.
    pub(crate) fn new() -> Self {
        let mut root = Self::default();
        for key in KEYS {
            for path in paths(key) {
                path.iter().fold(&mut root, |node, part| node.enter(part)).key = Some(key);
            }
        }
        root
    }

    fn enter(&mut self, part: &'static str) -> &mut Self {
        if is_placeholder(part) {
            self.named.get_or_insert_with(Box::default)
        } else {
            self.below.entry(part).or_default()
        }
    }

    /// What stands below a key, whether of ours or the user's.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.below.get(name).or(self.named.as_deref())
    }

    /// Whether a table may stand here.
    pub(crate) fn is_table(&self) -> bool {
        !self.below.is_empty() || self.named.is_some()
    }

    /// What to say of a key that does not exist below this place, which is at `path`.
    pub(crate) fn unknown(&self, path: &[String], name: &str) -> String {
        let here = self.below.keys().copied();
        if let Some(owner) = owner(path, name) {
            return format!("unknown key; `{name}` is a key of `{owner}`");
        }
        match nearest(name, here.clone()) {
            Some(key) => format!("unknown key; the nearest is `{key}`"),
            None => {
                let keys: Vec<_> = here.map(|key| format!("`{key}`")).collect();
                format!("unknown key; here stand {}", keys.join(", "))
            }
        }
    }
}

/// Whether a part of a path stands for a name of the user's.
pub(crate) fn is_placeholder(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Every path of a key: its own, and those of the tables that may override it.
fn paths(key: &Key) -> Vec<Vec<&'static str>> {
    let own: Vec<_> = key.path.split('.').collect();
    let overrides = key.side.tables().iter().map(|side| {
        let (name, rest) = own.split_at(2);
        [name, &[*side], rest].concat()
    });
    std::iter::once(own.clone()).chain(overrides).collect()
}

/// The table that has a key of that name, the one nearest to `path` if there are several.
fn owner(path: &[String], name: &str) -> Option<String> {
    let owners = KEYS.iter().filter_map(|key| {
        let (owner, last) = key.path.rsplit_once('.')?;
        (last == name).then_some(owner)
    });
    let common = |owner: &str| {
        let parts = owner.split('.').zip(path);
        parts.take_while(|(part, own)| is_placeholder(part) || part == own).count()
    };
    // Of equal ones the first, which is the more general.
    owners.rev().max_by_key(|owner| common(owner)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Option<String> {
        let root = Schema::new();
        let mut node = &root;
        for part in path.split('.') {
            node = node.child(part)?;
        }
        node.key.map(|key| key.path.to_owned())
    }

    #[test]
    fn keys_of_a_side_stand_in_the_shared_table_and_in_that_of_the_side() {
        for path in ["bindings.o.group", "bindings.o.input.group"] {
            assert_eq!(at(path).as_deref(), Some("bindings.NAME.group"), "{path}");
        }
        assert_eq!(at("bindings.o.output.group"), None);
        assert_eq!(at("bindings.o.input.unrouted"), None);
        assert!(at("bindings.o.output.destination").is_some());
        assert!(at("bindings.o.input.retry.backoff.max").is_some());
        assert!(at("bindings.o.input.native.kafka").is_some());
        assert!(at("binders.input.vhost").is_some());
    }

    #[test]
    fn an_unknown_key_is_answered_by_where_it_belongs_or_by_the_nearest() {
        let root = Schema::new();
        let unknown = |path: &[&str], name: &str| {
            let node = path.iter().fold(&root, |node, part| node.child(part).unwrap());
            let path: Vec<_> = path.iter().map(|&part| part.to_owned()).collect();
            node.unknown(&path, name)
        };
        assert_eq!(unknown(&["bindings", "o"], "grup"), "unknown key; the nearest is `group`");
        assert_eq!(
            unknown(&["bindings", "o", "output"], "group"),
            "unknown key; `group` is a key of `bindings.NAME`"
        );
        assert_eq!(
            unknown(&["bindings", "o", "input"], "max_attempts"),
            "unknown key; `max_attempts` is a key of `bindings.NAME.retry`"
        );
        assert_eq!(
            unknown(&["bindings", "o"], "initial"),
            "unknown key; `initial` is a key of `bindings.NAME.retry.backoff`"
        );
        assert_eq!(unknown(&["app"], "zzz"), "unknown key; here stand `instance`, `name`");
    }
}
