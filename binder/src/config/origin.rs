//! Where a value was written.

use std::fmt;
use std::sync::Arc;

/// The place that gave a value, as an error or `config --origins` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The defaults compiled into the application.
    Defaults(Position),
    /// A configuration file, or its profile's twin.
    File(Position),
    /// The environment variable of that name.
    Environment(Arc<str>),
    /// `--set` with that key.
    Argument(Arc<str>),
}

/// The position of a key in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The path of the text, as it was given.
    pub path: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults(position) => write!(f, "{position} (compiled in)"),
            Self::File(position) => position.fmt(f),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Argument(key) => write!(f, "--set {key}"),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}
