//! What happens next: pure decisions.
//!
//! No module here does I/O, reads a clock, draws a random number, awaits or locks. Time and chance
//! come in as arguments, decisions go out as values. Each states its laws, and
//! `tests/laws_*.rs` checks them with property tests.

pub mod assignment;
pub mod attempts;
pub mod backoff;
pub mod dead_letter;
pub mod drain;
pub mod lanes;
pub mod message_id;
pub mod pace;
pub mod partition;
pub mod quantum;
pub mod redrive;
pub mod retry;
pub mod sources;
pub mod watermark;

mod chains;
mod hash;
