//! What a process has used so far.

use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// One look at the clocks and counters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) at: Instant,
    /// CPU time of every thread, outside and inside the kernel.
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    /// How often a thread gave up its core, and how often it was taken away.
    pub(crate) waits: i64,
    pub(crate) preemptions: i64,
    /// Most memory resident so far, in KiB.
    pub(crate) resident: i64,
    pub(crate) allocations: u64,
}

impl Reading {
    pub(crate) fn now() -> Result<Self> {
        let usage = getrusage(UsageWho::RUSAGE_SELF)?;
        Ok(Self {
            at: Instant::now(),
            user: duration(usage.user_time()),
            system: duration(usage.system_time()),
            waits: usage.voluntary_context_switches(),
            preemptions: usage.involuntary_context_switches(),
            resident: usage.max_rss(),
            allocations: allocations::count(),
        })
    }
}

fn duration(time: TimeVal) -> Duration {
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    Duration::from_secs(part(time.tv_sec())) + Duration::from_micros(part(time.tv_usec()))
}
