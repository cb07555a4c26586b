//! What a run does.

use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::fate::Plan;

/// Jobs with a fate each, worked off while something is broken
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where to write what happens
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: PathBuf,

    /// How many jobs to feed; none where another process does
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(crate) jobs: u64,

    /// Feed at most so many a second [default: as fast as they are taken]
    #[arg(long, value_name = "JOBS")]
    pub(crate) rate: Option<NonZeroU32>,

    /// Bytes of each job
    #[arg(long, value_name = "BYTES", default_value_t = 64)]
    pub(crate) size: usize,

    /// Milliseconds that a job takes
    #[arg(long, value_name = "TIME", default_value_t = 0)]
    pub(crate) takes: u64,

    /// Milliseconds that a job blocks its thread whose fate it is
    #[arg(long, value_name = "TIME", default_value_t = 0)]
    pub(crate) block: u64,

    /// Which jobs go wrong, as FATE@FIRST/EVERY, for example `fails@99/100`
    #[arg(long = "fate", value_name = "PLAN")]
    pub(crate) fates: Vec<Plan>,

    /// Read results and dead letters too, and write down what arrives
    #[arg(long)]
    pub(crate) watch: bool,

    /// Leave the dead letters alone until this file is there
    #[arg(long, value_name = "FILE", requires = "watch")]
    pub(crate) gate: Option<PathBuf>,
}
