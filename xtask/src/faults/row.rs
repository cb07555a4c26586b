//! The rows that there are.

use clap::ValueEnum;

use crate::conformance::Binder;

/// A row of the fault matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Row {
    F00,
    F01,
    F02,
    F04,
    F08,
    F10,
    F13,
    #[value(name = "F14a")]
    F14a,
    F15,
    #[value(name = "F17c")]
    F17c,
    F23,
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
            Self::F04 => "F04",
            Self::F08 => "F08",
            Self::F10 => "F10",
            Self::F13 => "F13",
            Self::F14a => "F14a",
            Self::F15 => "F15",
            Self::F17c => "F17c",
            Self::F23 => "F23",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::F00 => "process killed",
            Self::F01 => "process told to end",
            Self::F02 => "broker killed, started again",
            Self::F04 => "broker unreachable at start",
            Self::F08 => "connections reset",
            Self::F10 => "members join and leave",
            Self::F13 => "poison messages",
            Self::F14a => "function panics",
            Self::F15 => "function hangs",
            Self::F17c => "dead letters unreachable",
            Self::F23 => "credentials refused",
        }
    }

    /// Whether there is such a fault on a binder: memory has no broker, and of the brokers Kafka
    /// alone hands partitions from member to member.
    pub(crate) fn is_on(self, binder: Binder) -> bool {
        match self {
            Self::F01 | Self::F13 | Self::F14a | Self::F15 | Self::F17c => true,
            Self::F10 => binder == Binder::Kafka,
            _ => binder != Binder::Memory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_as_it_is_read() {
        for row in Row::all() {
            assert_eq!(Row::from_str(row.id(), true), Ok(row));
        }
    }

    #[test]
    fn each_binder_has_its_rows() {
        let on = |binder| Row::all().filter(|row| row.is_on(binder)).count();
        assert_eq!([Binder::Memory, Binder::Kafka, Binder::Amqp].map(on), [5, 11, 10]);
    }
}
