//! Names that were checked when they were made.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// The longest name of a destination or group: what Kafka allows for a topic (249 characters,
/// `org.apache.kafka.common.internals.Topic`). AMQP's short strings allow 255 bytes, less the
/// suffix of a partition queue.
const MAX_LENGTH: usize = 240;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a name.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Config`] when it is empty, too long or has a character that not
            /// every broker takes.
            pub fn new(name: impl AsRef<str>) -> Result<Self> {
                let name = name.as_ref();
                $check(name).map_err(|why| {
                    Error::new(ErrorKind::Config, format!("{} `{name}` {why}", $what))
                })?;
                Ok(Self(name.into()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name! {
    /// The logical name of a binding: what the attributes say and the configuration is keyed by.
    BindingName, "binding name", check_binding
}

name! {
    /// A topic, an exchange or a route.
    Destination, "destination", check_broker
}

name! {
    /// Processes of one group share the messages of a destination; every group gets them all.
    Group, "group", check_broker
}

/// `[a-z][a-z0-9_-]*`, so that a name can be written as an environment variable.
fn check_binding(name: &str) -> Result<(), String> {
    let mut chars = name.chars();
    match chars.next() {
        None => return Err("is empty".into()),
        Some('a'..='z') => {}
        Some(_) => return Err("does not begin with a lower-case letter".into()),
    }
    if name.len() > MAX_LENGTH {
        return Err(format!("is longer than {MAX_LENGTH} bytes"));
    }
    match chars.find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_' | '-')) {
        None => Ok(()),
        Some(c) => Err(format!("has {c:?}; allowed are a-z, 0-9, `_` and `-`")),
    }
}

/// The characters that a Kafka topic may have, which every other broker takes too.
fn check_broker(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("is empty".into());
    }
    if name == "." || name == ".." {
        return Err("is reserved".into());
    }
    if name.len() > MAX_LENGTH {
        return Err(format!("is longer than {MAX_LENGTH} bytes"));
    }
    match name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))) {
        None => Ok(()),
        Some(c) => Err(format!("has {c:?}; allowed are letters, digits, `.`, `_` and `-`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binding_names_fit_an_environment_variable() {
        for good in ["a", "orders", "orders-2_x"] {
            assert_eq!(BindingName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "Orders", "1st", "or.ders", "ordérs", &"x".repeat(241)] {
            let error = BindingName::new(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().starts_with("binding name"), "{error}");
        }
    }

    #[test]
    fn destinations_are_what_every_broker_takes() {
        for good in ["shop.orders", "Orders_2", "a-b"] {
            assert!(Destination::new(good).is_ok());
        }
        for bad in ["", ".", "..", "a b", "a/b", "ä"] {
            assert!(Destination::new(bad).is_err(), "{bad}");
        }
    }
}
