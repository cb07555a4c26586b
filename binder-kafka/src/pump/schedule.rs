//! When to commit. Pure: time comes in as an argument.

use std::time::{Duration, Instant};

/// Uncommitted settlements wait no longer than this.
const EVERY: Duration = Duration::from_secs(1);
/// After a commit that failed or had nothing to say.
const PAUSE: Duration = Duration::from_millis(100);

/// One commit at a time: at the latest a second after the last, and as soon as an eighth of what
/// may be in flight is settled and uncommitted.
///
/// Commits are serial at the broker: several at once make each of them slower.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    eighth: usize,
    settled: usize,
    sent: Option<usize>,
    last: Option<Instant>,
    not_before: Option<Instant>,
}

impl Schedule {
    /// Nothing settled; `in_flight` is how many messages may be uncommitted.
    pub(crate) fn new(in_flight: usize) -> Self {
        let eighth = (in_flight / 8).max(1);
        Self { eighth, settled: 0, sent: None, last: None, not_before: None }
    }

    /// How many settlements make a commit due at once.
    pub(crate) fn eighth(&self) -> usize {
        self.eighth
    }

    /// Nothing more may be delivered before a commit: it is due at once.
    pub(crate) fn hurry(&mut self) {
        if self.settled > 0 {
            self.settled = self.settled.max(self.eighth);
        }
    }

    /// So many more are settled.
    pub(crate) fn settled(&mut self, count: usize) {
        self.settled += count;
    }

    /// How long until a commit is due: zero if it is now, `None` if nothing waits for one.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        if self.sent.is_some() || self.settled == 0 {
            return None;
        }
        let since = |then: Option<Instant>, pause: Duration| {
            then.map_or(Duration::ZERO, |then| (then + pause).saturating_duration_since(now))
        };
        let regular =
            if self.settled >= self.eighth { Duration::ZERO } else { since(self.last, EVERY) };
        Some(regular.max(since(self.not_before, Duration::ZERO)))
    }

    /// A commit of everything settled is on its way.
    pub(crate) fn sent(&mut self, now: Instant) {
        self.sent = Some(std::mem::take(&mut self.settled));
        self.last = Some(now);
    }

    /// There was nothing to commit: what is settled lies behind something that is not.
    pub(crate) fn blocked(&mut self, now: Instant) {
        self.last = Some(now);
        self.not_before = Some(now + PAUSE);
    }

    /// The commit on its way has ended; a failed one is tried again after a pause.
    pub(crate) fn ended(&mut self, now: Instant, committed: bool) {
        let sent = self.sent.take().unwrap_or(0);
        if !committed {
            self.settled += sent;
            self.not_before = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_after_a_second_or_an_eighth_and_one_at_a_time() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut schedule = Schedule::new(80);
        assert_eq!(schedule.wait(start), None);
        schedule.settled(1);
        assert_eq!(schedule.wait(start), Some(Duration::ZERO), "the first commit does not wait");
        schedule.sent(start);
        schedule.settled(9);
        assert_eq!(schedule.wait(at(2000)), None, "one is outstanding");
        schedule.ended(at(10), true);
        assert_eq!(schedule.wait(at(10)), Some(Duration::from_millis(990)));
        schedule.settled(1);
        assert_eq!(schedule.wait(at(10)), Some(Duration::ZERO), "an eighth of 80");
    }

    #[test]
    fn a_failed_commit_is_tried_again_after_a_pause() {
        let start = Instant::now();
        let mut schedule = Schedule::new(8);
        schedule.settled(5);
        schedule.sent(start);
        schedule.ended(start, false);
        assert_eq!(schedule.wait(start), Some(PAUSE));
        assert_eq!(schedule.wait(start + PAUSE), Some(Duration::ZERO));
    }

    #[test]
    fn a_blocked_prefix_does_not_spin() {
        let start = Instant::now();
        let mut schedule = Schedule::new(8);
        schedule.settled(5);
        schedule.blocked(start);
        assert_eq!(schedule.wait(start), Some(PAUSE));
    }

    #[test]
    fn the_smallest_limit_commits_every_message() {
        assert_eq!(Schedule::new(1).eighth(), 1);
    }
}
