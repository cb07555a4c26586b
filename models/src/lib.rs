//! The places where two threads of a binder meet, run by [`loom`] under every interleaving of their
//! steps.
//!
//! The files are those of the binders, compiled here with loom's locks, atomics and condition
//! variables in place of the standard library's: they name them by `crate::sync` alone. Two stand
//! in for what loom cannot run: `sync::Notify` for tokio's, with its contract, and a condition
//! variable that never times out, so that whoever relies on a time-out where someone should have
//! rung is found as a deadlock.
//!
//! What is not covered: librdkafka's queues, lapin's channels, and flags with a waker beside them
//! (`binder/src/runtime/run.rs`, `binder-amqp/src/flight.rs`): loom 0.7 lets a swap that races with
//! a store be the newer of the two for ever, and so finds deadlocks that no machine has.
//!
//! Each function here is one model; a test in `tests/` runs it.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a model stops where something is not as it should be")]
#![allow(clippy::missing_panics_doc, reason = "a model that finds a fault panics")]

#[allow(dead_code, reason = "a model needs a part of it")]
#[path = "../../binder-kafka/src/bell.rs"]
mod bell;
#[allow(dead_code, reason = "a model needs a part of it")]
#[path = "../../binder-amqp/src/handover.rs"]
mod channel_handover;
#[allow(dead_code, reason = "a model needs a part of it")]
#[path = "../../binder-kafka/src/handover.rs"]
mod handover;
#[allow(dead_code, reason = "a model needs a part of it")]
#[path = "../../binder-amqp/src/outlet.rs"]
mod outlet;
#[allow(dead_code, reason = "a model needs a part of it")]
#[path = "../../binder-memory/src/reporting.rs"]
mod reporting;
mod sync;
#[allow(dead_code, reason = "a model needs a part of it")]
#[path = "../../binder-memory/src/wakes.rs"]
mod wakes;

pub mod amqp;
mod common;
pub mod kafka;
pub mod memory;
