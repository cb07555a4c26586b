//! How an application ended, as the shell sees it.

use std::process::ExitCode;

/// Exit codes of every application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// Drained: by a signal, by `until`, or because everything was finished.
    Drained,
    /// The application's own failure: `main`, `from_fn` or `until`.
    Failed,
    /// Refused at start: command line, configuration, feature, broker, credentials, topology.
    Refused,
    /// Every input has stopped by itself.
    Stopped,
    /// The grace was exceeded, or a second signal came.
    Overdue,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Drained => 0,
            Self::Failed => 1,
            Self::Refused => 2,
            Self::Stopped => 3,
            Self::Overdue => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
