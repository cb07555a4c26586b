//! Taking partitions up and giving them up.

use std::time::{Duration, Instant};

use binder_core::logic::backoff::Backoff;
use binder_core::{ErrorKind, Incoming, Result, Settlement, Start};
use rdkafka::consumer::Consumer as _;

use super::Pump;
use super::mailbox::{assign, unassign};
use crate::error::{Code, broker};
use crate::native::commit_within;

/// A commit that somebody waits for takes no longer.
const COMMIT: Duration = Duration::from_secs(5);
/// How long a start may remain unpinned: half of the time after which the broker takes partitions
/// away from a member that does not poll (`max.poll.interval.ms`, 5 min).
const PIN: Duration = Duration::from_secs(150);
const BACKOFF: Backoff = Backoff {
    initial: Duration::from_millis(100),
    factor: 2.0,
    max: Duration::from_secs(2),
    jitter: true,
};
/// How often a drain looks at the settlements if nobody rings.
const LOOK: Duration = Duration::from_millis(50);

impl Pump {
    /// Reads these partitions from now on, in a new epoch.
    ///
    /// # Errors
    ///
    /// Where the broker does not say or record where to start, and what the client refuses.
    pub(super) fn take_up(&mut self, mut list: rdkafka::TopicPartitionList) -> Result<()> {
        let partitions = self.ours(&list);
        for partition in &partitions {
            self.partitions.assign(*partition);
            if !self.queue.forward(&self.plan.topic, *partition) {
                return Err(broker("cannot read a partition", Code::UnknownPartition));
            }
        }
        if self.plan.start == Start::Latest {
            self.pin_patiently(&mut list)?;
        }
        assign(&self.consumer, &list)
            .map_err(|why| refused("cannot take up what was assigned", &why))?;
        tracing::debug!(binding = %self.plan.binding, ?partitions, "assigned");
        if !std::mem::replace(&mut self.assigned, true) {
            self.handover.notice(Incoming::Assigned);
        }
        Ok(())
    }

    /// Pins, again after a back-off where that may help. Group membership is kept by the client's own
    /// thread meanwhile; nothing is assigned yet, so nothing else waits.
    fn pin_patiently(&self, list: &mut rdkafka::TopicPartitionList) -> Result<()> {
        let until = Instant::now() + PIN;
        let mut failures = 0;
        loop {
            let why = match self.pin(list) {
                Err(why) if why.is_transient() && Instant::now() < until => why,
                pinned => return pinned,
            };
            failures += 1;
            if failures == 1 {
                let binding = &self.plan.binding;
                tracing::warn!(%binding, "the start is not pinned yet and is tried again: {why}");
            }
            let next = Instant::now() + BACKOFF.delay(failures, 0.5);
            while Instant::now() < next {
                if self.handover.is_closing() {
                    return Err(why);
                }
                self.bell.wait(LOOK);
            }
        }
    }

    /// Lets a group that has not read a partition yet start at its present end, or at its beginning
    /// if it was added since, and records that.
    fn pin(&self, list: &mut rdkafka::TopicPartitionList) -> Result<()> {
        if list.count() == 0 {
            return Ok(());
        }
        let limit = self.plan.connect;
        let known = self
            .consumer
            .committed_offsets(list.clone(), limit)
            .map_err(|why| refused("cannot read the group's positions", &why))?;
        let mut pinned = rdkafka::TopicPartitionList::new();
        for element in known.elements() {
            if matches!(element.offset(), rdkafka::Offset::Offset(_)) {
                continue;
            }
            let partition = element.partition();
            let (first, end) =
                self.consumer
                    .fetch_watermarks(&self.plan.topic, partition, limit)
                    .map_err(|why| refused("cannot read the end of a partition", &why))?;
            // One that was added while this member runs, or by its own binder, is read whole: what was sent to it before
            // anybody read it is as new as what comes.
            let position = if self.is_new(partition) { first } else { end };
            for list in [&mut pinned, &mut *list] {
                if list.find_partition(&self.plan.topic, partition).is_none() {
                    list.add_partition(&self.plan.topic, partition);
                }
                list.set_partition_offset(
                    &self.plan.topic,
                    partition,
                    rdkafka::Offset::Offset(position),
                )
                .map_err(|why| refused("cannot set a position", &why))?;
            }
        }
        if pinned.count() == 0 {
            return Ok(());
        }
        commit_within(&self.consumer, &pinned, limit.min(COMMIT))
            .map_err(|code| broker("cannot record where the group starts", code))
    }

    fn is_new(&self, partition: i32) -> bool {
        u32::try_from(partition).is_ok_and(|partition| partition >= self.plan.partitions)
    }

    /// Gives partitions up: what has started may finish, what is settled is committed.
    ///
    /// # Errors
    ///
    /// What the client refuses.
    pub(super) fn give_up(&mut self, list: &rdkafka::TopicPartitionList, lost: bool) -> Result<()> {
        let partitions = self.ours(list);
        self.queue.retain(|record| {
            record.partition().is_none_or(|partition| !partitions.contains(&partition))
        });
        for tag in self.handover.withdraw(&partitions) {
            self.partitions.settle(tag, Settlement::Release);
        }
        let epochs = self.partitions.epochs(&partitions);
        if !epochs.is_empty() {
            let notice = if lost { Incoming::Lost(epochs) } else { Incoming::Revoked(epochs) };
            self.handover.notice(notice);
        }
        if lost {
            tracing::warn!(binding = %self.plan.binding, ?partitions, "partitions lost");
        } else {
            self.drain(&partitions);
            if let Err(code) = self.record(Some(&partitions), COMMIT) {
                tracing::warn!(
                    binding = %self.plan.binding, %code,
                    "not everything is committed that was handled: it will be delivered again"
                );
            }
        }
        for partition in &partitions {
            self.partitions.unassign(*partition);
        }
        unassign(&self.consumer, list)
            .map_err(|why| refused("cannot give up what was revoked", &why))?;
        tracing::debug!(binding = %self.plan.binding, ?partitions, "revoked");
        Ok(())
    }

    /// Waits until nothing of these partitions is in progress, for the plan's drain at most.
    fn drain(&mut self, partitions: &[u32]) {
        let deadline = Instant::now() + self.plan.drain;
        self.handover.set_urgent(true);
        loop {
            self.settle();
            let left = self.partitions.in_progress(partitions);
            let rest = deadline.saturating_duration_since(Instant::now());
            if left == 0 || self.handover.is_closing() {
                return;
            }
            if rest.is_zero() {
                tracing::warn!(
                    binding = %self.plan.binding, left, drain = ?self.plan.drain,
                    "revoked partitions did not finish in time: messages will be delivered again"
                );
                return;
            }
            self.bell.wait(rest.min(LOOK));
        }
    }

    /// Reads partitions again where something was released and nothing else is in progress.
    pub(super) fn rewind(&mut self) {
        for (partition, position) in self.partitions.rewound() {
            let offset = rdkafka::Offset::Offset(i64::try_from(position).unwrap_or(i64::MAX));
            let index = i32::try_from(partition).unwrap_or(i32::MAX);
            match self.consumer.seek(&self.plan.topic, index, offset, Duration::ZERO) {
                Ok(()) => {
                    // What is settled before the position is not to be forgotten with the epoch.
                    if let Err(code) = self.record(Some(&[partition]), COMMIT) {
                        tracing::debug!(%code, partition, "commit before reading again");
                    }
                    self.queue.retain(|record| record.partition() != Some(partition));
                    self.partitions.assign(partition);
                }
                Err(why) => tracing::warn!(%why, partition, "cannot read again yet"),
            }
        }
    }

    fn ours(&self, list: &rdkafka::TopicPartitionList) -> Vec<u32> {
        let elements = list.elements_for_topic(&self.plan.topic);
        elements.iter().filter_map(|element| u32::try_from(element.partition()).ok()).collect()
    }
}

fn refused(what: &str, why: &rdkafka::error::KafkaError) -> binder_core::Error {
    match why.rdkafka_error_code() {
        Some(code) => broker(what, code),
        None => binder_core::Error::new(ErrorKind::Broker, format!("{what}: {why}")),
    }
}
