//! From what the broker said to a report.

use std::time::Duration;

use binder_core::publish::Reports;
use binder_core::{Completed, Completion, Error, ErrorKind, Receipt, Unrouted};
use tokio::time::Instant;

use crate::sender::Sender;

/// Between two log lines about messages that nobody receives.
const MINUTE: Duration = Duration::from_secs(60);

/// A message that was confirmed, or refused by name.
pub(super) struct Said {
    pub(super) completion: Completion,
    pub(super) partition: Option<u32>,
    pub(super) refused: bool,
}

impl Said {
    /// What became of it. A message that was refused and returned was refused.
    pub(super) fn verdict(&self, returned: bool) -> Verdict {
        match (self.refused, returned) {
            (true, _) => Verdict::Refused,
            (false, true) => Verdict::Unrouted,
            (false, false) => Verdict::Confirmed,
        }
    }
}

/// What became of a message.
pub(super) enum Verdict {
    Confirmed,
    /// It was confirmed, and no queue has it.
    Unrouted,
    /// The broker could not keep it.
    Refused,
    TooLarge(Error),
    /// The channel was lost before the broker answered.
    Unknown(Option<lapin::Error>),
}

/// Counts messages that nobody received.
#[derive(Debug)]
pub(super) struct Dropped {
    count: u64,
    told: Option<Instant>,
}

impl Dropped {
    pub(super) const fn new() -> Self {
        Self { count: 0, told: None }
    }

    /// One more; says how many there are if it is time for a line in the log.
    fn one(&mut self, now: Instant) -> Option<u64> {
        self.count += 1;
        let quiet = self.told.is_some_and(|told| now.duration_since(told) < MINUTE);
        if quiet {
            return None;
        }
        self.told = Some(now);
        Some(self.count)
    }
}

impl Sender {
    /// Reports one message.
    pub(super) fn judge(
        &mut self,
        completion: Completion,
        partition: Option<u32>,
        verdict: Verdict,
        reports: &mut Reports,
    ) {
        let confirmed = || Completed::Confirmed(Receipt { partition, offset: None });
        let destination = self.plan.destination.as_str();
        let refused = |why: Error| Completed::Refused(why.at_destination(destination));
        let what = match verdict {
            Verdict::Confirmed => confirmed(),
            Verdict::Unrouted if self.plan.unrouted == Unrouted::Drop => {
                if let Some(count) = self.dropped.one(Instant::now()) {
                    let binding = &self.plan.binding;
                    tracing::warn!(binding, destination, count, "nobody receives what is sent");
                }
                confirmed()
            }
            Verdict::Unrouted => refused(
                Error::new(
                    ErrorKind::Unroutable,
                    "nobody can receive it: no queue is bound for it",
                )
                .with_hint("start the reader first, or set `required_groups` on the output"),
            ),
            Verdict::Refused => {
                refused(Error::new(ErrorKind::Publish, "the broker could not keep it"))
            }
            Verdict::TooLarge(why) => refused(why),
            Verdict::Unknown(why) => {
                let text = "the channel was lost before the broker answered";
                let unknown = Error::new(ErrorKind::Publish, text).at_destination(destination);
                Completed::Unknown(match why {
                    Some(why) => unknown.with_source(why),
                    None => unknown,
                })
            }
        };
        completion.report_into(what, reports);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_logged_once_a_minute_with_their_number() {
        let mut dropped = Dropped::new();
        let start = Instant::now();
        assert_eq!(dropped.one(start), Some(1));
        assert_eq!(dropped.one(start + MINUTE / 2), None);
        assert_eq!(dropped.one(start + MINUTE), Some(3));
        assert_eq!(dropped.one(start + MINUTE), None);
    }
}
