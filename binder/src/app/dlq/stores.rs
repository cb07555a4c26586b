//! Which dead-letter stores there are, from the configuration.

use binder_core::logic::redrive::Home;
use binder_core::{Destination, Error, ErrorKind, Result};

use crate::config::{Resolved, ResolvedInput, ResolvedSource};

/// A dead-letter destination on one binder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Store {
    pub(super) binder: String,
    pub(super) destination: Destination,
    /// Whose dead letters it keeps: binding and group.
    pub(super) inputs: Vec<(String, Option<String>)>,
}

impl Store {
    /// Whether it keeps the dead letters of that input.
    pub(super) fn is_of(&self, input: &ResolvedInput) -> bool {
        input.sources.iter().any(|source| self.keeps(input, source))
    }

    /// Whether it keeps what fails of one of the destinations that an input reads.
    fn keeps(&self, input: &ResolvedInput, source: &ResolvedSource) -> bool {
        let letters = source.dead_letter.as_ref();
        self.binder == input.binder && letters.is_some_and(|letters| *letters == self.destination)
    }

    /// Where its letters of that input may go back to: one place for each destination; none without
    /// a group.
    pub(super) fn homes(&self, input: &ResolvedInput) -> impl Iterator<Item = Home> {
        homes(input, |source| self.keeps(input, source))
    }

    /// The places of that input whose letters it does not keep.
    pub(super) fn others(&self, input: &ResolvedInput) -> impl Iterator<Item = Home> {
        homes(input, |source| !self.keeps(input, source))
    }

    /// Its name where another binder has a store of the same.
    fn full_name(&self) -> String {
        format!("{}:{}", self.binder, self.destination)
    }
}

/// Every store of an application, in the order of its functions.
pub(super) fn of(resolved: &Resolved) -> Vec<Store> {
    let mut stores: Vec<Store> = Vec::new();
    for input in resolved.functions.iter().flat_map(|function| &function.inputs) {
        for destination in input.sources.iter().filter_map(|source| source.dead_letter.as_ref()) {
            let known =
                |store: &Store| store.binder == input.binder && store.destination == *destination;
            if !stores.iter().any(known) {
                let (binder, destination) = (input.binder.clone(), destination.clone());
                stores.push(Store { binder, destination, inputs: Vec::new() });
            }
        }
        for store in stores.iter_mut().filter(|store| store.is_of(input)) {
            let group = input.group.as_ref().map(ToString::to_string);
            store.inputs.push((input.binding.to_string(), group));
        }
    }
    stores
}

/// Those of the places of an input that read what is `asked` for.
fn homes(
    input: &ResolvedInput,
    asked: impl Fn(&ResolvedSource) -> bool,
) -> impl Iterator<Item = Home> {
    let sources = input.sources.iter().filter(move |source| asked(source));
    sources.filter_map(|source| {
        let (destination, group) = (source.destination.clone(), input.group.clone()?);
        Some(Home { destination, group })
    })
}

/// The store of that name, or of the name `binder:destination`.
///
/// # Errors
///
/// [`ErrorKind::Config`] with the names that there are.
pub(super) fn find<'a>(stores: &'a [Store], name: &str) -> Result<&'a Store> {
    if let Some(store) = stores.iter().find(|store| store.full_name() == name) {
        return Ok(store);
    }
    let named: Vec<_> = stores.iter().filter(|store| store.destination.as_str() == name).collect();
    let names = |stores: &mut dyn Iterator<Item = String>| {
        stores.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let name = name.escape_debug();
    match named[..] {
        [store] => Ok(store),
        [] if stores.is_empty() => Err(nothing()),
        [] => {
            let all = names(&mut stores.iter().map(|store| store.destination.to_string()));
            let why = format!("no input has its dead letters in `{name}`");
            Err(Error::new(ErrorKind::Config, why).with_hint(format!("there is {all}")))
        }
        _ => {
            let all = names(&mut named.iter().map(|store| store.full_name()));
            let why = format!("several binders have a store `{name}`");
            Err(Error::new(ErrorKind::Config, why).with_hint(format!("name one of {all}")))
        }
    }
}

/// There is no store at all.
pub(super) fn nothing() -> Error {
    Error::new(ErrorKind::Config, "no input of this application has dead letters")
        .with_hint("set `bindings.NAME.dead_letter = true`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(binder: &str, destination: &str) -> Store {
        let destination = Destination::new(destination).unwrap();
        Store { binder: binder.to_owned(), destination, inputs: Vec::new() }
    }

    #[test]
    fn a_store_is_found_by_its_destination_or_named_with_its_binder() {
        let stores = [store("kafka", "a"), store("kafka", "b"), store("amqp", "b")];
        assert_eq!(find(&stores, "a").unwrap(), &stores[0]);
        assert_eq!(find(&stores, "amqp:b").unwrap(), &stores[2]);
        let several = find(&stores, "b").unwrap_err().to_string();
        assert!(several.contains("`kafka:b`, `amqp:b`"), "{several}");
        let unknown = find(&stores, "c\n").unwrap_err().to_string();
        assert!(unknown.contains("`c\\n`") && unknown.contains("there is `a`, `b`"), "{unknown}");
        let none = find(&[], "a").unwrap_err().to_string();
        assert!(none.contains("dead_letter = true"), "{none}");
    }
}
