//! The runtime on the scripted binder: no broker, no sleep, virtual time.

mod batching;
mod bench;
mod failing;
mod finishing;
mod merging;
mod ordering;
mod overtaking;
mod publishing;
mod settling;
mod stopping;
mod streaming;
