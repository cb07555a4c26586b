//! One error type: what failed, where, why and what to do.

use std::error::Error as StdError;
use std::fmt;

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What failed. Decides the exit code and whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration or the command line is wrong.
    Config,
    /// The broker cannot be reached.
    Connect,
    /// The broker refused the credentials or a permission.
    Auth,
    /// What exists at the broker does not fit what is asked for.
    Topology,
    /// A payload or header could not be read.
    Decode,
    /// A value could not be written as a payload.
    Encode,
    /// The application's function failed.
    Handler,
    /// A message could not be published.
    Publish,
    /// A message is larger than the broker takes.
    TooLarge,
    /// A message reached nobody where somebody is required.
    Unroutable,
    /// The other side is gone: a closed binding, a stopped application.
    Closed,
    /// The binder cannot do what is asked.
    Unsupported,
    /// Anything else the client reports.
    Broker,
}

/// An error that names binder, binding and destination where they are known.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    transient: bool,
    binder: Option<String>,
    binding: Option<String>,
    destination: Option<String>,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of that kind; `message` is lower case, without a full stop.
    #[must_use]
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let transient = matches!(kind, ErrorKind::Connect | ErrorKind::Publish | ErrorKind::Broker);
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            transient,
            binder: None,
            binding: None,
            destination: None,
            hint: None,
            source: None,
        }))
    }

    /// Names the binder, unless one is named already.
    #[must_use]
    pub fn at_binder(mut self, binder: impl Into<String>) -> Self {
        self.0.binder.get_or_insert_with(|| binder.into());
        self
    }

    /// Names the binding, unless one is named already.
    #[must_use]
    pub fn at_binding(mut self, binding: impl Into<String>) -> Self {
        self.0.binding.get_or_insert_with(|| binding.into());
        self
    }

    /// Names the destination, unless one is named already.
    #[must_use]
    pub fn at_destination(mut self, destination: impl Into<String>) -> Self {
        self.0.destination.get_or_insert_with(|| destination.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Overrides whether trying again can help.
    #[must_use]
    pub fn transient(mut self, transient: bool) -> Self {
        self.0.transient = transient;
        self
    }

    /// What failed.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether trying the same again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.0.transient
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        let mut separator = "";
        for (what, name) in [
            ("binder", &inner.binder),
            ("binding", &inner.binding),
            ("destination", &inner.destination),
        ] {
            if let Some(name) = name {
                write!(f, "{separator}{what} `{name}`")?;
                separator = ", ";
            }
        }
        if !separator.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&inner.message)?;
        let mut last = inner.message.clone();
        let mut source = inner.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(cause) = source {
            let text = cause.to_string();
            // Many an error prints its cause itself.
            if !last.ends_with(&text) {
                write!(f, ": {text}")?;
                last = text;
            }
            source = cause.source();
        }
        if let Some(hint) = &inner.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

/// The text of an error already holds its causes, so `source` gives none: a report that walks the
/// chain would print them twice.
impl StdError for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prints its cause and names it too.
    #[derive(Debug)]
    struct Wordy(std::io::Error);

    impl fmt::Display for Wordy {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "io: {}", self.0)
        }
    }

    impl StdError for Wordy {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn text_names_place_cause_and_remedy() {
        let cause = std::io::Error::other("connection refused");
        let error = Error::new(ErrorKind::Connect, "cannot reach 127.0.0.1:9092")
            .at_binder("kafka")
            .at_binding("orders")
            .at_binding("ignored: the innermost name stays")
            .with_source(cause)
            .with_hint("is the broker up?");
        assert_eq!(
            error.to_string(),
            "binder `kafka`, binding `orders`: cannot reach 127.0.0.1:9092: connection refused \
             (is the broker up?)"
        );
        assert!(error.is_transient());
        assert!(!Error::new(ErrorKind::TooLarge, "x").is_transient());
    }

    #[test]
    fn a_cause_that_is_printed_already_is_not_repeated() {
        let wordy = Wordy(std::io::Error::other("connection refused"));
        let error = Error::new(ErrorKind::Connect, "no broker").with_source(wordy);
        assert_eq!(error.to_string(), "no broker: io: connection refused");
    }
}
