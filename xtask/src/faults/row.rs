//! The rows that there are.

use clap::ValueEnum;

/// A row of the fault matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Row {
    /// A process is killed by SIGKILL.
    F00,
    /// A process is told to end by SIGTERM.
    F01,
    /// The broker is killed by SIGKILL and started again.
    F02,
}

impl Row {
    /// In the order of their numbers.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::value_variants().iter().copied()
    }

    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::F00 => "F00",
            Self::F01 => "F01",
            Self::F02 => "F02",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::F00 => "process killed",
            Self::F01 => "process told to end",
            Self::F02 => "broker killed, started again",
        }
    }
}
