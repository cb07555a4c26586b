//! Whether nothing was lost, doubled, disordered or recorded too early, by what others than the
//! framework have seen.
//!
//! * [`Ledger`]: the ids that went in and the ids that came out.
//! * [`Progress`]: what is finished, against what the broker has recorded as done with: never may
//!   that be more.
//! * [`Recorder`]: reads what the broker has recorded. Those for [`Kafka`] and [`RabbitMq`] speak
//!   the brokers' own protocols, over no client library that an application under test could share.

mod amqp;
mod kafka;
mod ledger;
mod progress;

use std::collections::BTreeMap;
use std::io;

pub use amqp::RabbitMq;
pub use kafka::Kafka;
pub use ledger::Ledger;
pub use progress::Progress;

/// What a broker has recorded for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recorded {
    /// Of each partition, the position below which everything is done with.
    Below(BTreeMap<u32, u64>),
    /// So many messages wait in the group's queue; what is with a reader is not among them.
    Waiting(u64),
}

/// A client of its own that reads what a broker has recorded.
pub trait Recorder: Send + Sync {
    /// What is recorded now for a group on a destination. Blocks.
    ///
    /// # Errors
    ///
    /// When the broker cannot be asked, or has no such group yet.
    fn recorded(&self, destination: &str, group: &str) -> io::Result<Recorded>;

    /// How many messages may be neither waiting nor recorded, where the application holds at most
    /// `in_flight`: those and what the broker has sent ahead of them.
    fn out(&self, in_flight: u64) -> u64 {
        in_flight
    }
}

fn strange(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
