//! Plain results, ready to be made into specifications.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use binder_core::logic::backoff::Backoff;
use binder_core::{BindingName, Destination, Group, Instance, Limit, Start, Unrouted};

use crate::config::resolve::Native;
use crate::config::secret::Secret;

/// Everything an application needs to be bound.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Resolved {
    /// The application's name. Default: the package's name.
    pub app: String,
    /// Which of several instances this process is. Default: the only one.
    pub instance: Instance,
    /// How long a stop waits for work in flight. Default: 20 s.
    pub grace: Duration,
    /// The functions, in the order in which they were given.
    pub functions: Vec<ResolvedFunction>,
    /// The binders that some binding uses, by name.
    pub binders: BTreeMap<String, ResolvedBinder>,
}

/// A function with its bindings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResolvedFunction {
    /// The function's name.
    pub name: String,
    /// What it reads, in the order of its attribute.
    pub inputs: Vec<ResolvedInput>,
    /// What it writes, in the order of its attribute.
    pub outputs: Vec<ResolvedOutput>,
}

/// An input of one function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResolvedInput {
    /// The binding.
    pub binding: BindingName,
    /// What to read, at least one. Default: the destination of the binding's name.
    pub sources: Vec<ResolvedSource>,
    /// The name of its binder in [`Resolved::binders`]. Default: `default_binder`, else the only
    /// broker compiled in, else `memory`.
    pub binder: String,
    /// The group, or `None` for an anonymous input. Default: `<app>.<function>`.
    pub group: Option<Group>,
    /// Where a new group starts. Default: the earliest message; anonymous: the latest.
    pub start: Start,
    /// Which messages are handled one after another. Default: those of a partition.
    pub order: Order,
    /// How many messages are handled at once, 1 to 1024. Default: 1.
    pub concurrency: usize,
    /// How much may be delivered and not yet settled. `None`, the default, is the binder's own.
    pub max_in_flight: Option<Limit>,
    /// How long one attempt may take; `None` is without end. Default: 5 minutes.
    pub deadline: Option<Duration>,
    /// How often a message is tried, and after which waits.
    pub retry: RetryPolicy,
    /// What follows when there is no dead letter. Default: the binding stops.
    pub on_exhausted: OnExhausted,
    /// Whether application headers may be copied to outputs; the output must agree. Default: yes.
    pub copy_headers: bool,
    /// Options for the client of this binding. Default: none.
    pub native: Native,
}

/// A destination that an input reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResolvedSource {
    /// Where to read.
    pub destination: Destination,
    /// Where a message goes that was read here and has failed for the last time. Default: nowhere.
    pub dead_letter: Option<Destination>,
    /// Where a message waits at the broker to be tried again, for each different wait, the shortest
    /// first. Default: nowhere, it waits in the process.
    pub retries: Vec<Destination>,
    /// How many partitions the destination is created with. `None`, the default, is the binder's
    /// own.
    pub partition_count: Option<NonZeroU32>,
    /// Whether a destination that exists with fewer partitions is given more. Default: no.
    pub grow: bool,
}

/// An output of one function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResolvedOutput {
    /// The binding.
    pub binding: BindingName,
    /// Where to send. Default: the binding's name.
    pub destination: Destination,
    /// The name of its binder in [`Resolved::binders`]. Default: as for an input.
    pub binder: String,
    /// How many partitions the destination is created with. `None`, the default, is the binder's
    /// own.
    pub partition_count: Option<NonZeroU32>,
    /// Whether a destination that exists with fewer partitions is given more. Default: no.
    pub grow: bool,
    /// Groups that must exist before the first message is sent. Default: none.
    pub required_groups: Vec<Group>,
    /// What to do with a message that nobody can receive. Default: fail if there are required
    /// groups or the application reads the destination itself, else drop.
    pub unrouted: Unrouted,
    /// What follows when an emitter's message is refused for good. Default: the emitter stops.
    pub on_exhausted: OnExhausted,
    /// Whether application headers of the input may be copied here; the input must agree.
    /// Default: yes.
    pub copy_headers: bool,
    /// Options for the client of this binding. Default: none.
    pub native: Native,
}

/// A binder that some binding uses.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResolvedBinder {
    /// Its name in the configuration.
    pub name: String,
    /// The kind, `amqp` for `rabbitmq`. Default: its name.
    pub kind: String,
    /// Where to connect, as HOST:PORT. Default: `127.0.0.1:9092` for kafka, `127.0.0.1:5672` for
    /// amqp, none for others.
    pub servers: Vec<String>,
    /// Who connects. Default: `guest` for amqp, else nobody.
    pub username: Option<String>,
    /// The password. Default: `guest` for amqp, else none.
    pub password: Option<Secret>,
    /// The virtual host. Default: `/` for amqp, none for others.
    pub vhost: Option<String>,
    /// How long reaching the broker, authentication and topology may take. Default: 10 s.
    pub connect: Duration,
    /// Whether a broker that cannot be reached in that time is tried again until it can. Default:
    /// no, the start fails.
    pub waits: bool,
    /// Options for the client. Default: none.
    pub native: Native,
}

/// How often a message is tried, and after which waits.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts, the first included, at least 1. Default: 3.
    pub max_attempts: u32,
    /// The waits between them.
    pub backoff: Backoff,
    /// Where a message waits. Default: in the process.
    pub place: RetryPlace,
}

/// Where a message waits to be tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryPlace {
    /// In the process, unsettled: it keeps its place.
    #[default]
    Process,
    /// At the broker, as a message of its own: it outlives the process and gives up its place.
    Broker,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 3, backoff: Backoff::default(), place: RetryPlace::Process }
    }
}

/// Which messages of an input are handled one after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Those of one partition.
    #[default]
    Partition,
    /// Those of one key.
    Key,
    /// None.
    None,
}

/// What follows when a message has failed for the last time and has nowhere to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnExhausted {
    /// The binding stops, the message stays.
    #[default]
    Stop,
    /// The message is dropped and counted.
    Drop,
}
