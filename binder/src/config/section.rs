//! Typed reading of a part of the configuration.

use std::time::Duration;

use crate::config::node::{Body, Node, Table};
use crate::config::origin::Origin;
use crate::config::secret::Secret;
use crate::config::value::Setting;

/// Tables that override each other, the strongest first, each with its dotted key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Section<'a>(Vec<(String, &'a Table<Setting>)>);

/// A value with its place, for an error about it.
#[derive(Clone, Debug)]
pub(crate) struct Found<'a, T> {
    pub(crate) value: T,
    pub(crate) origin: &'a Origin,
    pub(crate) key: String,
}

impl<'a, T> Found<'a, T> {
    fn try_map<U>(self, map: impl FnOnce(T) -> Option<U>) -> Option<Found<'a, U>> {
        Some(Found { value: map(self.value)?, origin: self.origin, key: self.key })
    }
}

// A reader answers `None` for a value of another type, which the schema has ruled out.
impl<'a> Section<'a> {
    /// One table.
    pub(crate) fn of(key: &str, table: &'a Table<Setting>) -> Self {
        Self(vec![(key.to_owned(), table)])
    }

    /// A binding: the table of a side over the shared one.
    pub(crate) fn of_binding(key: &str, table: &'a Table<Setting>, side: &str) -> Self {
        let own = table.table(side).map(|own| (format!("{key}.{side}"), own));
        Self(own.into_iter().chain([(key.to_owned(), table)]).collect())
    }

    /// The tables, the strongest first.
    pub(crate) fn tables(&self) -> impl DoubleEndedIterator<Item = (&str, &'a Table<Setting>)> {
        self.0.iter().map(|(key, table)| (key.as_str(), *table))
    }

    /// What stands at a path, in the strongest table that has something there.
    pub(crate) fn node(&self, path: &str) -> Option<Found<'a, &'a Node<Setting>>> {
        let parts: Vec<_> = path.split('.').collect();
        self.0.iter().find_map(|(key, table)| {
            let node = table.node(&parts)?;
            let key = if key.is_empty() { path.to_owned() } else { format!("{key}.{path}") };
            Some(Found { value: node, origin: &node.origin, key })
        })
    }

    fn setting(&self, path: &str) -> Option<Found<'a, &'a Setting>> {
        self.node(path)?.try_map(|node| match &node.body {
            Body::Leaf(setting) => Some(setting),
            Body::Table(_) => None,
        })
    }

    /// A text.
    pub(crate) fn text(&self, path: &str) -> Option<Found<'a, &'a str>> {
        self.setting(path)?.try_map(|setting| match setting {
            Setting::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// A list of texts.
    pub(crate) fn list(&self, path: &str) -> Option<Found<'a, &'a [String]>> {
        self.setting(path)?.try_map(|setting| match setting {
            Setting::List(items) => Some(items.as_slice()),
            _ => None,
        })
    }

    /// A secret.
    pub(crate) fn secret(&self, path: &str) -> Option<Found<'a, &'a Secret>> {
        self.setting(path)?.try_map(|setting| match setting {
            Setting::Hidden(secret) => Some(secret),
            _ => None,
        })
    }

    /// Yes or no.
    pub(crate) fn flag(&self, path: &str) -> Option<Found<'a, bool>> {
        self.setting(path)?.try_map(|setting| match setting {
            Setting::Flag(flag) => Some(*flag),
            _ => None,
        })
    }

    /// A whole number of any size that fits.
    pub(crate) fn whole<N: TryFrom<u64>>(&self, path: &str) -> Option<Found<'a, N>> {
        self.setting(path)?.try_map(|setting| match setting {
            Setting::Whole(number) => N::try_from(*number).ok(),
            _ => None,
        })
    }

    /// A number.
    pub(crate) fn number(&self, path: &str) -> Option<Found<'a, f64>> {
        self.setting(path)?.try_map(|setting| match setting {
            Setting::Number(number) => Some(*number),
            _ => None,
        })
    }

    /// A duration.
    pub(crate) fn duration(&self, path: &str) -> Option<Found<'a, Duration>> {
        self.setting(path)?.try_map(|setting| match setting {
            Setting::Span(duration) => Some(*duration),
            _ => None,
        })
    }

    /// Whether a duration is to be without end.
    pub(crate) fn is_wait(&self, path: &str) -> bool {
        self.setting(path).is_some_and(|found| matches!(found.value, Setting::Wait))
    }

    /// Whether a duration is switched off.
    pub(crate) fn is_off(&self, path: &str) -> bool {
        self.setting(path).is_some_and(|found| matches!(found.value, Setting::Off))
    }
}
