//! Why a line does not parse.

use std::fmt;

/// The fields without which a line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Address,
    User,
    Time,
    Request,
    Status,
    Size,
}

impl Field {
    const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::User => "user",
            Self::Time => "time",
            Self::Request => "request",
            Self::Status => "status",
            Self::Size => "size",
        }
    }

    const fn shape(self) -> &'static str {
        match self {
            Self::Address => "an IP address or a host name",
            Self::User => "text",
            Self::Time => "[dd/Mon/yyyy:HH:MM:SS +hhmm]",
            Self::Request => "a text in double quotes",
            Self::Status => "three digits from 100 to 599",
            Self::Size => "a number of bytes or -",
        }
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The line ends or goes on with something else.
    Missing,
    /// It does not have its shape.
    Malformed,
    /// It has bytes that are not UTF-8.
    NotUtf8,
}

/// The first field of a line that does not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Which field.
    pub(crate) field: Field,
    /// What is wrong with it.
    pub(crate) fault: Fault,
    /// Where in the line, in bytes from 0.
    pub(crate) at: usize,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, at) = (self.field.name(), self.at);
        match self.fault {
            Fault::Missing => write!(f, "broken line: no {field} at byte {at}"),
            Fault::Malformed => {
                write!(f, "broken line: the {field} at byte {at} is not {}", self.field.shape())
            }
            Fault::NotUtf8 => write!(f, "broken line: the {field} is not UTF-8 at byte {at}"),
        }
    }
}

impl std::error::Error for Broken {}
