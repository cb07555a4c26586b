//! Options that only one kind of binder understands.

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Options by name, handed to the client of a binder. `Debug` shows names alone: a value may be a
/// password.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Native(BTreeMap<String, String>);

impl Native {
    /// No options.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }
}

impl Deref for Native {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Native {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<BTreeMap<String, String>> for Native {
    fn from(options: BTreeMap<String, String>) -> Self {
        Self(options)
    }
}

impl<'a> IntoIterator for &'a Native {
    type Item = (&'a String, &'a String);
    type IntoIter = btree_map::Iter<'a, String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_never_print() {
        let options = BTreeMap::from([("sasl.password".to_owned(), "hunter2".to_owned())]);
        let text = format!("{:?}", Native::from(options));
        assert!(text.contains("sasl.password") && !text.contains("hunter2"), "{text}");
    }
}
