//! Where the deliveries of an input come from.

use std::fmt;

use binder_core::logic::sources::Sources;
use binder_core::{Destination, Error, ErrorKind, Result, Tag};

/// The destinations that an input reads, at least one.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    first: Destination,
    others: Vec<Destination>,
    sources: Sources,
}

impl Origins {
    /// The destinations in the order of the configuration.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) fn new(destinations: impl IntoIterator<Item = Destination>) -> Result<Self> {
        let mut destinations = destinations.into_iter();
        let Some(first) = destinations.next() else {
            return Err(Error::new(ErrorKind::Config, "an input that reads nothing"));
        };
        let others: Vec<_> = destinations.collect();
        let sources = Sources::new(1 + others.len());
        Ok(Self { first, others, sources })
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Destination> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Which of them a delivery is from.
    pub(crate) const fn source(&self, tag: Tag) -> usize {
        self.sources.split(tag.partition).0
    }

    /// Where a delivery is from, and its place there.
    pub(crate) fn of(&self, tag: Tag) -> (&Destination, Tag) {
        let (source, partition) = self.sources.split(tag.partition);
        let destination = match source.checked_sub(1) {
            None => &self.first,
            Some(other) => self.others.get(other).unwrap_or(&self.first),
        };
        (destination, Tag { partition, ..tag })
    }
}

/// Their names, for an error that is about all of them.
impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.others.iter().try_for_each(|other| write!(f, ", {other}"))
    }
}
