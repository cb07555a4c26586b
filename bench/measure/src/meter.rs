//! From the first delivery to the end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::reading::Reading;

/// Measures one run: from the first message that the program's own code sees until
/// [`stop`](Self::stop), which every program calls when all outputs are confirmed, all inputs
/// committed or acknowledged, and its consumer has left. Connecting, joining and the client's first
/// fetch come before and are not part of it, nor is closing the producer.
#[derive(Debug)]
pub struct Meter {
    expected: AtomicU64,
    seen: AtomicU64,
    first: Mutex<Option<Reading>>,
    last: Mutex<Option<Reading>>,
}

impl Meter {
    /// One that expects nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            expected: AtomicU64::new(u64::MAX),
            seen: AtomicU64::new(0),
            first: Mutex::new(None),
            last: Mutex::new(None),
        }
    }

    /// So many messages will come.
    pub fn expect(&self, messages: u64) {
        self.expected.store(messages, Ordering::Release);
    }

    /// A message is handled. `true` for the last one expected.
    pub fn handled(&self) -> bool {
        let before = self.seen.fetch_add(1, Ordering::Relaxed);
        if before == 0 {
            look(&self.first);
        }
        before + 1 == self.expected.load(Ordering::Relaxed)
    }

    /// Everything is confirmed and committed or acknowledged.
    pub fn stop(&self) {
        look(&self.last);
    }

    /// The figures of the run, with the program's name and settings.
    ///
    /// # Errors
    ///
    /// When nothing was handled, the run was not stopped, or the system does not say what the process
    /// has used.
    pub fn finish(&self, program: &str, settings: &Value) -> Result<Value> {
        let reading =
            |at: &Mutex<Option<Reading>>| *at.lock().unwrap_or_else(PoisonError::into_inner);
        let first = reading(&self.first).context("no message was handled")?;
        let last = reading(&self.last).context("the run was not stopped")?;
        let handled = self.seen.load(Ordering::Acquire);
        let messages = self.expected.load(Ordering::Acquire);
        let per = |count: f64| count / messages as f64;
        let seconds = (last.at - first.at).as_secs_f64();
        let (user, system) = (last.user - first.user, last.system - first.system);
        let micros = |time: std::time::Duration| per(time.as_secs_f64() * 1e6);
        Ok(json!({
            "program": program,
            "messages": messages,
            "handled": handled,
            "seconds": seconds,
            "msgs_per_s": messages as f64 / seconds,
            "cpu_us_per_msg": micros(user + system),
            "user_us_per_msg": micros(user),
            "system_us_per_msg": micros(system),
            "rust_allocs_per_msg": per((last.allocations - first.allocations) as f64),
            "waits_per_1000": per((last.waits - first.waits) as f64) * 1e3,
            "preemptions_per_1000": per((last.preemptions - first.preemptions) as f64) * 1e3,
            "resident_mib": last.resident / 1024,
            "settings": settings,
        }))
    }
}

fn look(at: &Mutex<Option<Reading>>) {
    *at.lock().unwrap_or_else(PoisonError::into_inner) = Reading::now().ok();
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_is_told_and_figures_are_per_message() {
        let meter = Meter::new();
        assert!(meter.finish("p", &json!({})).is_err());
        meter.expect(3);
        assert_eq!([(); 3].map(|()| meter.handled()), [false, false, true]);
        assert!(meter.finish("p", &json!({})).is_err());
        meter.stop();
        let figures = meter.finish("p", &json!({"a": 1})).unwrap();
        assert_eq!(figures["messages"], 3);
        let rate = figures["msgs_per_s"].as_f64().unwrap();
        let seconds = figures["seconds"].as_f64().unwrap();
        assert!((rate * seconds - 3.0).abs() < 1e-6);
        assert_eq!(figures["settings"]["a"], 1);
    }
}
