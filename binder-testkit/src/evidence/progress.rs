//! What is finished, against what is recorded as done with.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::Failure;
use crate::evidence::Recorded;

/// The work of one group on one destination, and whether its broker was ever ahead of it.
///
/// Positions of a partition follow each other without gaps. Whatever is finished has to be told
/// before it is settled, and what is recorded has to be read before it is checked: then nothing that
/// is sound looks as if it were ahead.
#[derive(Debug, Default)]
pub struct Progress {
    partitions: BTreeMap<u32, Partition>,
    sent: u64,
    out: u64,
    finished: u64,
    samples: u64,
    ahead: Option<String>,
}

#[derive(Debug, Default)]
struct Partition {
    /// Everything from the first delivery up to here is finished; `None` before that.
    prefix: Option<u64>,
    /// What is finished above.
    above: BTreeSet<u64>,
}

impl Progress {
    /// Nothing delivered; at most `out` messages neither wait nor are settled at once
    /// ([`Recorder::out`](crate::evidence::Recorder::out)).
    #[must_use]
    pub fn new(out: u64) -> Self {
        Self { out, ..Self::default() }
    }

    /// So many more messages are at the broker.
    pub const fn sent(&mut self, count: u64) {
        self.sent += count;
    }

    /// A message is delivered, for the first time or again; the first of a partition comes first.
    pub fn delivered(&mut self, partition: u32, position: u64) {
        self.partitions.entry(partition).or_default().prefix.get_or_insert(position);
    }

    /// A message is finished with: handled, or among the dead letters.
    pub fn finished(&mut self, partition: u32, position: u64) {
        self.finished += 1;
        let Partition { prefix, above } = self.partitions.entry(partition).or_default();
        let prefix = prefix.get_or_insert(position);
        // One below was finished before and came again.
        if position >= *prefix {
            above.insert(position);
        }
        while above.remove(prefix) {
            *prefix += 1;
        }
    }

    /// Compares with what the broker has recorded; what is wrong is kept.
    pub fn check(&mut self, recorded: &Recorded) {
        self.samples += 1;
        let ahead = match recorded {
            Recorded::Below(positions) => {
                positions.iter().find_map(|(at, below)| self.is_ahead(*at, *below))
            }
            Recorded::Waiting(waiting) => self.are_gone(*waiting),
        };
        self.ahead = self.ahead.take().or(ahead);
    }

    fn is_ahead(&self, number: u32, below: u64) -> Option<String> {
        let first =
            self.partitions.get(&number).and_then(|partition| partition.prefix).unwrap_or(0);
        (below > first).then(|| {
            format!("partition {number} is recorded below {below}, and {first} is unfinished")
        })
    }

    /// What neither waits nor can be in flight is settled.
    fn are_gone(&self, waiting: u64) -> Option<String> {
        let settled = self.sent.saturating_sub(waiting).saturating_sub(self.out);
        (settled > self.finished).then(|| {
            let (sent, finished) = (self.sent, self.finished);
            format!("of {sent} messages {settled} are settled at least, and {finished} finished")
        })
    }

    /// How often it was compared.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// Fails if the broker was ahead in a sample, with the first that shows it.
    ///
    /// # Errors
    ///
    /// What was recorded, and what was unfinished.
    pub fn verdict(&self) -> Result<(), Failure> {
        match &self.ahead {
            Some(ahead) => Err(Failure::new(format!("recorded ahead of the work: {ahead}"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(positions: &[(u32, u64)]) -> Recorded {
        Recorded::Below(positions.iter().copied().collect())
    }

    fn wrong(progress: &Progress) -> String {
        progress.verdict().unwrap_err().to_string()
    }

    #[test]
    fn a_position_may_reach_the_first_unfinished_and_not_pass_it() {
        let mut progress = Progress::new(10);
        (0..4).for_each(|position| progress.delivered(0, position));
        progress.finished(0, 0);
        progress.finished(0, 2);
        progress.check(&below(&[(0, 1)]));
        assert_eq!(progress.verdict(), Ok(()));
        progress.check(&below(&[(0, 2)]));
        assert!(wrong(&progress).ends_with("partition 0 is recorded below 2, and 1 is unfinished"));
        progress.finished(0, 1);
        progress.check(&below(&[(0, 3)]));
        assert!(progress.verdict().is_err(), "what was wrong once stays so");
        assert_eq!(progress.samples(), 3);
    }

    #[test]
    fn a_position_above_everything_that_was_delivered_is_ahead() {
        let mut progress = Progress::new(10);
        progress.delivered(0, 0);
        progress.finished(0, 0);
        progress.check(&below(&[(0, 1)]));
        assert_eq!(progress.verdict(), Ok(()));
        progress.check(&below(&[(0, 1), (1, 1)]));
        assert!(wrong(&progress).contains("partition 1 is recorded below 1, and 0"));
    }

    #[test]
    fn what_was_finished_once_may_be_recorded_although_it_comes_again() {
        let mut progress = Progress::new(10);
        progress.delivered(0, 0);
        progress.finished(0, 0);
        progress.delivered(0, 0);
        progress.check(&below(&[(0, 1)]));
        assert_eq!(progress.verdict(), Ok(()));
    }

    #[test]
    fn a_queue_may_miss_what_is_finished_or_in_flight_and_no_more() {
        let mut progress = Progress::new(2);
        progress.sent(10);
        progress.delivered(0, 1);
        progress.finished(0, 1);
        progress.check(&Recorded::Waiting(7));
        assert_eq!(progress.verdict(), Ok(()));
        progress.check(&Recorded::Waiting(6));
        assert!(
            wrong(&progress).ends_with("of 10 messages 2 are settled at least, and 1 finished")
        );
    }
}
