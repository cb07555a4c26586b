//! The work that every benchmark program does, and how it is measured.

#![forbid(unsafe_code)]

mod meter;
mod order;
mod reading;
mod tally;

/// The allocator that every program declares, so that all of them pay for the count alike.
pub use allocations::Counting;
pub use meter::Meter;
pub use order::{Order, Priced, customer};
pub use tally::{Tally, Verdict};
