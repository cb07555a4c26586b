//! The only asynchronous shell: it acts, and asks `binder_core::logic` what to do.
//!
//! One input binding is a [`flow::Flow`] that three parties share:
//!
//! - the **pump** ([`pump`]) owns the subscription and the timers; it runs on a thread of its own,
//!   so that a function which blocks its worker delays nobody's deliveries;
//! - **lane tasks** ([`lane`]), as many as workers, call the function and hand its outputs to the
//!   publishers; a stream function has one **stream task** ([`stream`]) instead;
//! - the **publishers' threads** report completions, which settle deliveries.
//!
//! All that passes between them is a batch. Tasks are spawned when a binding starts and never
//! after.

pub(crate) mod emit;
pub(crate) mod every;
pub(crate) mod feeder;
pub(crate) mod flow;
pub(crate) mod headers;
#[cfg(feature = "fault-hooks")]
pub(crate) mod hooks;
pub(crate) mod input;
pub(crate) mod lane;
pub(crate) mod merge;
pub(crate) mod origins;
pub(crate) mod outboxes;
pub(crate) mod plan;
pub(crate) mod pump;
pub(crate) mod refeed;
pub(crate) mod run;
pub(crate) mod sends;
pub(crate) mod spawn;
pub(crate) mod stream;
#[cfg(test)]
mod tests;
pub(crate) mod timers;
