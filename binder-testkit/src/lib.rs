//! Tools that prove a binder, and tools that prove what stands on one.
//!
//! * [`contract`]: the conformance suite that every binder runs. The author of a new binder writes
//!   a [`contract::Fixture`] and a test file of one call.
//!   With feature `runtime` the same call also runs the cases that drive an application over that
//!   binder: retry, dead letters, order, draining, configuration.
//! * [`evidence`]: checks of what others than the framework have seen: nothing lost, doubled,
//!   disordered, or recorded at the broker before it was finished.
//! * [`script`]: a binder whose broker is played by the test, for whatever is built on the
//!   contract. It has no clock and no thread of its own, so it works in virtual time.

#![forbid(unsafe_code)]

pub mod contract;
pub mod evidence;
#[cfg(feature = "runtime")]
pub mod runtime;
pub mod script;
mod signal;
