//! The contract between the framework and a messaging system.
//!
//! Batches cross it, single messages never do. Both sides' obligations stand on each trait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::capabilities::Capabilities;
use crate::delivery::{Acker, Delivery};
use crate::error::Result;
use crate::publish::Outbox;
use crate::spec::{ConsumerSpec, ProducerSpec, Topology};
use crate::store::DeadLetterStore;

/// A boxed future that may be sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Connects an application to one messaging system.
///
/// # Obligations
///
/// The binder reports what it cannot do as an error within the specification's `connect` time:
/// it reaches the broker, authenticates and checks topology before a future of its is ready, and
/// never hangs. Binding twice to the same destination is allowed; clients may be shared.
///
/// The runtime provisions before it binds, binds outputs before inputs, and drops what it bound
/// before it drops the binder.
pub trait Binder: Send + Sync + 'static {
    /// Binds an input: ready when the broker was reached and the topology is right, before the
    /// first assignment.
    fn bind_consumer<'a>(&'a self, spec: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>>;

    /// Binds an output.
    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>>;

    /// Creates what the application needs and the broker lacks, and checks what exists.
    ///
    /// Called once, with every destination and group of the application, before anything is
    /// bound.
    fn provision<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<()>> {
        let _ = topology;
        Box::pin(std::future::ready(Ok(())))
    }

    /// What this messaging system can do beyond the contract.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// Its dead-letter stores, where [`Capabilities::dead_letter_store`] says that they can be read.
    fn dead_letter_store(&self) -> Option<&dyn DeadLetterStore> {
        None
    }
}

/// Both halves of a bound input.
pub struct BoundInput {
    /// Where deliveries come from.
    pub subscription: Box<dyn Subscription>,
    /// Where their settlements go.
    pub acker: Arc<dyn Acker>,
}

impl std::fmt::Debug for BoundInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundInput").finish_non_exhaustive()
    }
}

/// How much the runtime can take now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Messages; 0 asks for changes of the assignment alone, so that a revocation is heard while
    /// the runtime is full.
    pub messages: usize,
    /// Payload bytes. One message may exceed it, so that a large one is not stuck for ever.
    pub bytes: usize,
}

/// What a subscription has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incoming {
    /// Deliveries were added to the batch.
    Deliveries,
    /// The broker has assigned what this member reads (perhaps nothing) and pinned where it starts.
    Assigned,
    /// These partitions, in these epochs, are being taken away: what has not started goes back
    /// unsettled, and the binder waits for the settlements of what has.
    Revoked(Vec<Partition>),
    /// These partitions, in these epochs, are somebody else's already: what has not started goes back
    /// unsettled, and settlements of what has come too late.
    Lost(Vec<Partition>),
}

/// A partition in one assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Partition {
    /// The epoch of the deliveries concerned.
    pub epoch: u32,
    /// The partition.
    pub partition: u32,
}

/// Deliveries of one destination to one group, in broker order per partition.
///
/// # Obligations
///
/// Not being polled is back-pressure, and the binder stays a live member of its group all the
/// same. It delivers at most `room` and never holds more than `max_in_flight` unsettled (Kafka:
/// uncommitted). [`Incoming::Assigned`] comes once, first. An error is the end of the
/// subscription: what the binder can repair itself (a lost connection) it repairs and does not
/// report here.
///
/// The runtime polls from one task, takes whatever is delivered, and after `poll_close` has begun
/// never calls `poll_next` again.
pub trait Subscription: Send {
    /// Adds deliveries to `batch`, or tells what happened to the assignment.
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Result<Incoming>>;

    /// Leaves the group: ready when every settlement so far is recorded at the broker. What is
    /// unsettled then is the broker's to deliver again.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>>;
}

/// Sends messages to one destination.
///
/// # Obligations
///
/// The binder takes messages from the front, in order, and reports each one's completion exactly
/// once, as soon as it knows. Messages of one partition reach the broker in the order in which
/// they were taken. What it holds is bounded: when its queue is full it leaves the rest in the
/// outbox and is pending. A message it can never send (too large) it takes and refuses.
///
/// The runtime may call from several tasks at once and may drop a pending call; what is still in
/// the outbox then was not taken.
pub trait Publisher: Send + Sync {
    /// Takes messages from `outbox` until it is empty (ready) or the binder is full (pending).
    fn poll_publish(&self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()>;

    /// Ready when every message taken so far has been reported.
    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()>;
}
