//! Where the deliveries of an input come from.
//!
//! Its sources are the destinations it reads and, behind them, where their messages wait to be
//! tried again: one source of each destination for each wait.

use std::fmt;

use binder_core::logic::sources::Sources;
use binder_core::{Destination, Error, ErrorKind, Limit, Result, Tag};

/// The destinations that an input reads, at least one.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    first: Destination,
    others: Vec<Destination>,
    sources: Sources,
}

impl Origins {
    /// The destinations in the order of the configuration, and how many waits each has.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) fn new(
        destinations: impl IntoIterator<Item = Destination>,
        waits: usize,
    ) -> Result<Self> {
        let mut destinations = destinations.into_iter();
        let Some(first) = destinations.next() else {
            return Err(Error::new(ErrorKind::Config, "an input that reads nothing"));
        };
        let others: Vec<_> = destinations.collect();
        let sources = Sources::new((1 + others.len()) * (1 + waits));
        Ok(Self { first, others, sources })
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Destination> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// What of a limit each source has, waits included.
    pub(crate) fn share(&self, limit: Limit) -> Limit {
        self.sources.share(limit, self.sources.count() - 1)
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        1 + self.others.len()
    }

    /// Which of them a delivery is from, also one that has waited.
    pub(crate) const fn source(&self, tag: Tag) -> usize {
        self.sources.split(tag.partition).0 % self.len()
    }

    /// Which wait a delivery has behind it, from 0; `None` for one that comes for the first time.
    pub(crate) const fn wait(&self, tag: Tag) -> Option<usize> {
        (self.sources.split(tag.partition).0 / self.len()).checked_sub(1)
    }

    /// Where a delivery is from, and its place there; `first` is the place that one which has
    /// waited says it had.
    pub(crate) fn of(&self, tag: Tag, first: Option<&Tag>) -> (&Destination, Tag) {
        let (source, partition) = self.sources.split(tag.partition);
        let destination = match (source % self.len()).checked_sub(1) {
            None => &self.first,
            Some(other) => self.others.get(other).unwrap_or(&self.first),
        };
        (destination, first.copied().unwrap_or(Tag { partition, ..tag }))
    }
}

/// Their names, for an error that is about all of them.
impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.others.iter().try_for_each(|other| write!(f, ", {other}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_says_destination_and_wait() {
        let names = ["a", "b"].map(|name| Destination::new(name).unwrap());
        let origins = Origins::new(names, 2).unwrap();
        let tag = |partition| Tag { epoch: 1, partition, sequence: 7 };
        let seen: Vec<_> = (0..6)
            .map(|source| {
                let (destination, at) = origins.of(tag(6 * 3 + source), None);
                assert_eq!(at, tag(3));
                (destination.as_str(), origins.wait(tag(6 * 3 + source)))
            })
            .collect();
        let expected = [
            ("a", None),
            ("b", None),
            ("a", Some(0)),
            ("b", Some(0)),
            ("a", Some(1)),
            ("b", Some(1)),
        ];
        assert_eq!(seen, expected);
        let first = tag(9);
        assert_eq!(origins.of(tag(20), Some(&first)).1, first);
        assert!(Origins::new([], 0).is_err());
    }
}
