//! A value that was checked against its key.

use std::fmt;
use std::time::Duration;

use crate::config::secret::Secret;
use crate::config::value::quantity;

/// A checked value. Its `Debug` and `Display` show no secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Setting {
    Flag(bool),
    Whole(u64),
    Number(f64),
    Span(Duration),
    /// `"off"` where a duration may be switched off.
    Off,
    /// `"wait"` where a duration may be without end.
    Wait,
    Text(String),
    List(Vec<String>),
    Hidden(Secret),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => flag.fmt(f),
            Self::Whole(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Span(duration) => write!(f, "{:?}", quantity::shown(*duration)),
            Self::Off => f.write_str("\"off\""),
            Self::Wait => f.write_str("\"wait\""),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => write!(f, "{items:?}"),
            Self::Hidden(secret) => write!(f, "{secret:?}"),
        }
    }
}
