//! What is settled, on its way to the broker.

use std::time::{Duration, Instant};

use binder_core::Result;

use super::Pump;
use crate::error::{Code, broker, is_repaired_by_the_client};
use crate::native::{commit_soon, commit_within};

impl Pump {
    /// Starts a commit if one is due.
    pub(super) fn commit(&mut self) -> Result<()> {
        let now = Instant::now();
        if self.commits.wait(now) != Some(Duration::ZERO) {
            return Ok(());
        }
        let positions = self.partitions.uncommitted();
        if positions.is_empty() {
            self.commits.blocked(now);
            return Ok(());
        }
        self.commits.sent(now);
        match commit_soon(&self.consumer, &self.offsets(&positions)) {
            Ok(()) => Ok(()),
            Err(code) => self.not_committed(code),
        }
    }

    /// A commit has ended: for each partition the position, or why not.
    pub(super) fn committed(&mut self, partitions: Vec<(u32, Result<u64, Code>)>) -> Result<()> {
        let mut failed = None;
        for (partition, position) in partitions {
            match position {
                Ok(position) => self.partitions.committed(partition, position),
                Err(code) => failed = Some(code),
            }
        }
        match failed {
            Some(code) => self.not_committed(code),
            None => {
                self.commits.ended(Instant::now(), true);
                Ok(())
            }
        }
    }

    /// A commit has failed, and is tried again unless the broker refuses it for good.
    pub(super) fn not_committed(&mut self, code: Code) -> Result<()> {
        self.commits.ended(Instant::now(), false);
        if !is_repaired_by_the_client(code) {
            return Err(broker("the broker refuses the group's commits", code));
        }
        tracing::debug!(binding = %self.plan.binding, %code, "commit failed, tried again");
        Ok(())
    }

    /// Commits what is settled of these partitions (all of them for `None`) and waits for it.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(super) fn record(
        &mut self,
        partitions: Option<&[u32]>,
        limit: Duration,
    ) -> Result<(), Code> {
        let mut positions = self.partitions.uncommitted();
        positions.retain(|(partition, _)| partitions.is_none_or(|some| some.contains(partition)));
        if positions.is_empty() {
            return Ok(());
        }
        commit_within(&self.consumer, &self.offsets(&positions), limit)?;
        for (partition, position) in positions {
            self.partitions.committed(partition, position);
        }
        Ok(())
    }

    fn offsets(&self, positions: &[(u32, u64)]) -> rdkafka::TopicPartitionList {
        let mut list = rdkafka::TopicPartitionList::with_capacity(positions.len());
        for (partition, position) in positions {
            let (Ok(partition), Ok(offset)) = (i32::try_from(*partition), i64::try_from(*position))
            else {
                continue;
            };
            let topic = &self.plan.topic;
            if let Err(why) =
                list.add_partition_offset(topic, partition, rdkafka::Offset::Offset(offset))
            {
                tracing::warn!(%why, partition, offset, "a position that cannot be committed");
            }
        }
        list
    }
}
