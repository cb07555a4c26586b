//! When to speak of messages that reached nobody.

use std::time::{Duration, Instant};

/// How long the log stays silent after it has spoken.
const INTERVAL: Duration = Duration::from_secs(60);

/// Counts messages of a destination without a reader.
#[derive(Debug, Default)]
pub(crate) struct UnroutedCount {
    total: u64,
    unsaid: u64,
    said: Option<Instant>,
}

impl UnroutedCount {
    /// How many there have been.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Counts messages; gives the number to log when it is time to, at most once a minute.
    pub(crate) fn add(&mut self, messages: u64, now: Instant) -> Option<u64> {
        self.total += messages;
        self.unsaid += messages;
        let due = self.said.is_none_or(|said| now.duration_since(said) >= INTERVAL);
        if messages == 0 || !due {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_at_once_then_once_a_minute_of_all_since() {
        let mut count = UnroutedCount::default();
        let start = Instant::now();
        assert_eq!(count.add(0, start), None);
        assert_eq!(count.add(3, start), Some(3));
        assert_eq!(count.add(4, start + Duration::from_secs(59)), None);
        assert_eq!(count.add(5, start + Duration::from_secs(60)), Some(9));
        assert_eq!(count.add(1, start + Duration::from_secs(61)), None);
        assert_eq!(count.total(), 13);
    }
}
