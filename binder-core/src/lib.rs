//! Types, the binder contract and the pure decision logic of stream-binder.
//!
//! An author of a new binder needs this crate alone: implement [`Binder`],
//! [`Subscription`], [`Acker`] and [`Publisher`], and prove it with the conformance suite.
//! Nothing here does I/O, reads a clock, draws a random number or starts a thread; whatever
//! decides something lives in [`logic`] and takes time and chance as arguments.
//!
//! Reading order: [`message`], [`delivery`], [`publish`], [`binder`], [`spec`], [`logic`].

#![forbid(unsafe_code)]

#[cfg(all(
    not(debug_assertions),
    any(feature = "mutant-skip-a-gap", feature = "mutant-reorder-a-lane")
))]
compile_error!("a `mutant-` feature builds a fault in, for tests alone: not in a release build");

pub mod binder;
pub mod capabilities;
pub mod delivery;
pub mod error;
pub mod headers;
pub mod logic;
pub mod message;
pub mod name;
pub mod native;
pub mod publish;
pub mod spec;
pub mod store;

pub use binder::{Binder, BoundInput, BoxFuture, Incoming, Publisher, Room, Subscription};
pub use capabilities::Capabilities;
pub use delivery::{Acker, Delivery, Settlement, Tag};
pub use error::{Error, ErrorKind, Result};
pub use headers::Headers;
pub use message::Message;
pub use name::{BindingName, Destination, Group};
pub use native::Native;
pub use publish::{Completed, Completion, Completions, Outbox, Outgoing, Receipt};
pub use spec::{
    ConsumerSpec, DeadLetterSpec, Instance, Limit, ProducerSpec, Start, Topology, Unrouted,
};
pub use store::{DeadLetterStore, Letters};
