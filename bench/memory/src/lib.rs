//! The job of the memory programs: a source hands over orders that are encoded already, a worker
//! decodes, computes and encodes, a sink counts every price and looks closely at one in 64.

#![forbid(unsafe_code)]

mod sink;
mod source;

pub use sink::Sink;
pub use source::Source;

/// The command line of a program that runs within one process.
#[derive(Clone, Debug, clap::Args)]
pub struct Work {
    /// How many orders to process before the program ends.
    #[arg(long)]
    pub messages: u64,
}
