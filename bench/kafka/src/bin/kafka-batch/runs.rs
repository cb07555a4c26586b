//! Which inputs may be committed: everything below the first whose output is unconfirmed.

use std::collections::VecDeque;

/// One partition's inputs, from the oldest that is unconfirmed.
#[derive(Debug, Default)]
struct Run {
    start: i64,
    confirmed: VecDeque<bool>,
    moved: bool,
}

/// Every partition's.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    partitions: Vec<Run>,
    /// Messages delivered and not confirmed.
    unconfirmed: usize,
    /// Messages confirmed so far.
    confirmed: u64,
}

impl Runs {
    /// An input was read. Offsets may have gaps.
    pub(crate) fn deliver(&mut self, partition: usize, offset: i64) {
        if self.partitions.len() <= partition {
            self.partitions.resize_with(partition + 1, Run::default);
        }
        let run = &mut self.partitions[partition];
        if run.confirmed.is_empty() {
            run.start = offset;
        }
        while run.start + (run.confirmed.len() as i64) < offset {
            run.confirmed.push_back(true);
        }
        run.confirmed.push_back(false);
        self.unconfirmed += 1;
    }

    /// The output of an input is confirmed.
    pub(crate) fn confirm(&mut self, partition: usize, offset: i64) {
        let run = &mut self.partitions[partition];
        if let Some(confirmed) = run.confirmed.get_mut((offset - run.start) as usize) {
            *confirmed = true;
        }
        while run.confirmed.front() == Some(&true) {
            run.confirmed.pop_front();
            run.start += 1;
            run.moved = true;
        }
        self.unconfirmed -= 1;
        self.confirmed += 1;
    }

    /// The positions that have moved since the last call: the next offset to read of each.
    pub(crate) fn moved(&mut self) -> impl Iterator<Item = (usize, i64)> + '_ {
        let moved = |(partition, run): (usize, &mut Run)| {
            std::mem::take(&mut run.moved).then_some((partition, run.start))
        };
        self.partitions.iter_mut().enumerate().filter_map(moved)
    }

    /// The next offset to read of every partition that was read.
    pub(crate) fn positions(&self) -> impl Iterator<Item = (usize, i64)> + '_ {
        let read = |(_, run): &(usize, &Run)| run.start > 0;
        self.partitions
            .iter()
            .enumerate()
            .filter(read)
            .map(|(partition, run)| (partition, run.start))
    }

    pub(crate) fn unconfirmed(&self) -> usize {
        self.unconfirmed
    }

    pub(crate) fn confirmed(&self) -> u64 {
        self.confirmed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_moves_up_to_the_first_unconfirmed_and_over_gaps() {
        let mut runs = Runs::default();
        for offset in [10, 11, 14] {
            runs.deliver(1, offset);
        }
        runs.confirm(1, 11);
        assert_eq!(runs.moved().count(), 0);
        runs.confirm(1, 10);
        assert_eq!(runs.moved().collect::<Vec<_>>(), [(1, 14)]);
        runs.confirm(1, 14);
        assert_eq!(runs.moved().collect::<Vec<_>>(), [(1, 15)]);
        assert_eq!((runs.unconfirmed(), runs.confirmed()), (0, 3));
    }
}
