//! What a binder is asked to bind: plain data, already checked.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::name::{BindingName, Destination, Group};
use crate::native::Native;

/// A limit in messages and bytes, whichever is reached first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Messages, at least 1.
    pub messages: usize,
    /// Bytes of payload, key and headers.
    pub bytes: usize,
}

/// Where a group that has never read begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// With the oldest message there is.
    #[default]
    Earliest,
    /// With the next message.
    Latest,
}

/// What to do with a message that nobody can receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unrouted {
    /// Refuse it, so that its source stays unsettled.
    Fail,
    /// Count it, log it once a minute and go on.
    Drop,
}

/// Which of several instances of an application this is. Plays a part where the broker assigns no
/// partitions to the members of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its number, below `count`.
    pub index: u32,
    /// How many instances there are.
    pub count: NonZeroU32,
}

impl Default for Instance {
    /// The only one.
    fn default() -> Self {
        Self { index: 0, count: NonZeroU32::MIN }
    }
}

/// An input to bind.
#[derive(Clone, Debug)]
pub struct ConsumerSpec {
    /// The binding, for errors and logs.
    pub binding: BindingName,
    /// Where to read.
    pub destination: Destination,
    /// The group, or `None` for a private copy that is not durable and starts at the latest.
    pub group: Option<Group>,
    /// Where a new group starts.
    pub start: Start,
    /// How many partitions to create the destination with if it does not exist.
    pub partition_count: Option<NonZeroU32>,
    /// Whether a destination that exists with fewer partitions is given more.
    pub grow: bool,
    /// Which instance this is, where partitions are not assigned by the broker.
    pub instance: Instance,
    /// How much may be delivered and not yet settled (Kafka: committed); the binder's own default
    /// where it is `None`.
    pub max_in_flight: Option<Limit>,
    /// How long a revoked partition may take to finish what has started.
    pub drain: Duration,
    /// The time for reaching the broker, authentication and topology.
    pub connect: Duration,
    /// Options for the client of this binding.
    pub native: Native,
}

/// An output to bind.
#[derive(Clone, Debug)]
pub struct ProducerSpec {
    /// The binding, for errors and logs.
    pub binding: BindingName,
    /// Where to send.
    pub destination: Destination,
    /// How many partitions to create the destination with if it does not exist.
    pub partition_count: Option<NonZeroU32>,
    /// Whether a destination that exists with fewer partitions is given more.
    pub grow: bool,
    /// Groups which must exist before the first message is sent.
    pub required_groups: Vec<Group>,
    /// What to do with a message that nobody can receive.
    pub unrouted: Unrouted,
    /// The time for reaching the broker, authentication and topology.
    pub connect: Duration,
    /// Options for the client of this binding.
    pub native: Native,
}

/// A dead-letter destination: like any other, with one durable store for what nobody has read.
#[derive(Clone, Debug)]
pub struct DeadLetterSpec {
    /// Where dead letters go.
    pub destination: Destination,
    /// How many partitions to create it with, which follows its input.
    pub partition_count: Option<NonZeroU32>,
    /// Whether a destination that exists with fewer partitions is given more.
    pub grow: bool,
    /// The time for reaching the broker, authentication and topology.
    pub connect: Duration,
}

/// Everything an application needs of one binder, also of functions that this process leaves out.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// Inputs and their groups.
    pub consumers: Vec<ConsumerSpec>,
    /// Outputs.
    pub producers: Vec<ProducerSpec>,
    /// Dead-letter destinations.
    pub dead_letters: Vec<DeadLetterSpec>,
}
