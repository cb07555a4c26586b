//! Why one message was not handled.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// How a failure is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The function returned an error that trying again may mend, which is what an error is unless
    /// somebody says otherwise: tried again with back-off, one attempt.
    Transient,
    /// The function said that trying again cannot help: straight to the dead letters.
    Permanent,
    /// The payload or a header could not be read: straight to the dead letters.
    Undecodable,
    /// The function panicked: one attempt.
    Panic,
    /// The function took longer than `deadline`: one attempt.
    Deadline,
    /// The function dropped the message without a result: one attempt.
    Dropped,
}

impl Class {
    /// The word for it in dead letters and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "error",
            Self::Permanent => "permanent",
            Self::Undecodable => "undecodable",
            Self::Panic => "panic",
            Self::Deadline => "deadline",
            Self::Dropped => "dropped",
        }
    }

    /// Whether another attempt may help.
    #[must_use]
    pub const fn is_retried(self) -> bool {
        !matches!(self, Self::Permanent | Self::Undecodable)
    }
}

/// A failed attempt: its class and the text of its cause.
#[derive(Clone, Debug)]
pub struct Failure {
    /// How it is treated.
    pub class: Class,
    /// The cause and its causes, as text.
    pub cause: String,
    /// The error, of whose class nothing was said yet.
    pub(crate) unclassified: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Failure {
    /// A failure with that cause.
    #[cold]
    pub fn new(class: Class, cause: impl Into<String>) -> Self {
        Self { class, cause: cause.into(), unclassified: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class.as_str(), self.cause)
    }
}
