//! The options in `native`, by name.

use std::str::FromStr;

use binder_core::{Error, ErrorKind, Native, Result};

use crate::route::Partitioner;

/// Where an option may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Binder,
    Output,
}

/// Every option there is, where it may stand and what it takes.
const KNOWN: &[(&str, &[Place], &str)] = &[
    ("heartbeat", &[Place::Binder], "whole seconds, 1 to 3600"),
    ("max_message_size", &[Place::Binder, Place::Output], "bytes, at least 1"),
    ("partitioner", &[Place::Binder, Place::Output], "`murmur2` or `spring`"),
];

/// What can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// Seconds between heartbeats.
    pub(crate) heartbeat: u16,
    /// The largest payload that is sent, in bytes.
    pub(crate) max_message_size: usize,
    pub(crate) partitioner: Partitioner,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            heartbeat: 10,
            // What RabbitMQ 3 takes by default; one of a broker that takes less is learnt from it.
            max_message_size: 128 * 1024 * 1024,
            partitioner: Partitioner::Murmur2,
        }
    }
}

impl Options {
    /// The options of a binder.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for one that is unknown or has a value that it cannot have, by name.
    pub(crate) fn of_binder(native: &Native) -> Result<Self> {
        Self::default().with(native, Place::Binder)
    }

    /// The same with those of one output laid over.
    ///
    /// # Errors
    ///
    /// As for a binder.
    pub(crate) fn of_output(self, native: &Native) -> Result<Self> {
        self.with(native, Place::Output)
    }

    fn with(mut self, native: &Native, place: Place) -> Result<Self> {
        for (key, value) in native {
            known(key, place)?;
            match key.as_str() {
                "heartbeat" => self.heartbeat = number(key, value, 1, 3_600)?,
                "max_message_size" => self.max_message_size = number(key, value, 1, usize::MAX)?,
                _ => self.partitioner = Partitioner::named(value).ok_or_else(|| wrong(key))?,
            }
        }
        Ok(self)
    }
}

/// An input has no options of its own.
///
/// # Errors
///
/// [`ErrorKind::Config`] when one is set.
pub(crate) fn none_for_input(native: &Native) -> Result<()> {
    match native.keys().next() {
        None => Ok(()),
        Some(key) => Err(Error::new(
            ErrorKind::Config,
            format!("native option `{key}` does not exist for an input of a RabbitMQ binder"),
        )),
    }
}

fn known(key: &str, place: Place) -> Result<()> {
    let here = |places: &[Place]| places.contains(&place);
    match KNOWN.iter().find(|(known, ..)| *known == key) {
        Some((_, places, _)) if here(places) => Ok(()),
        Some(_) => Err(Error::new(
            ErrorKind::Config,
            format!("native option `{key}` belongs to the binder, not to a binding"),
        )),
        None => {
            let all: Vec<_> =
                KNOWN.iter().filter(|(_, places, _)| here(places)).map(|(key, ..)| *key).collect();
            let text = format!("native option `{key}` is not one of a RabbitMQ binder");
            Err(Error::new(ErrorKind::Config, text)
                .with_hint(format!("there are: {}", all.join(", "))))
        }
    }
}

fn number<T: FromStr + PartialOrd>(key: &str, value: &str, least: T, most: T) -> Result<T> {
    value
        .trim()
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| wrong(key))
}

/// The value may be a secret that was put in the wrong place, so it is not shown.
fn wrong(key: &str) -> Error {
    let takes = KNOWN.iter().find(|(known, ..)| *known == key).map_or("", |(.., takes)| *takes);
    Error::new(ErrorKind::Config, format!("native option `{key}` takes {takes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(key: &str, value: &str) -> Native {
        let mut native = Native::new();
        native.insert(key.into(), value.into());
        native
    }

    #[test]
    fn an_output_overrides_its_binder() {
        let binder = Options::of_binder(&native("max_message_size", "100")).unwrap();
        assert_eq!((binder.max_message_size, binder.heartbeat), (100, 10));
        let output = binder.of_output(&native("partitioner", "spring")).unwrap();
        assert_eq!((output.max_message_size, output.partitioner), (100, Partitioner::Spring));
    }

    #[test]
    fn what_is_unknown_or_wrong_is_refused_by_name_and_never_printed() {
        for (key, value) in [
            ("heartbeet", "secret-7"),
            ("heartbeat", "secret-7"),
            ("heartbeat", "0"),
            ("max_message_size", "0"),
            ("partitioner", "secret-7"),
        ] {
            let error = Options::of_binder(&native(key, value)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(&format!("`{key}`")), "{error}");
            assert!(!error.to_string().contains("secret-7"), "{error}");
        }
        let misplaced = Options::default().of_output(&native("heartbeat", "5")).unwrap_err();
        assert!(misplaced.to_string().contains("belongs to the binder"), "{misplaced}");
        assert!(none_for_input(&native("heartbeat", "5")).is_err());
        assert!(none_for_input(&Native::new()).is_ok());
    }
}
