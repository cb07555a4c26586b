//! Topics and committed offsets.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result};

use super::{origin, read};
use crate::{
    brokers::{Kind, kafka::Client},
    faults::{
        check::{Arrived, ahead_of},
        stage::{GROUP, Names},
    },
};

/// The topics of a run.
pub(crate) struct Topics {
    names: Names,
    client: Option<Client>,
    /// Where each partition is read on, by topic.
    next: HashMap<String, Vec<i64>>,
    /// The positions of each partition whose jobs have arrived.
    positions: Vec<BTreeSet<u64>>,
    pub(super) arrived: Arrived,
    pub(super) ahead: Option<u64>,
}

impl Topics {
    /// Topics that exist, or will.
    pub(crate) fn of(names: Names) -> Self {
        Self {
            names,
            client: None,
            next: HashMap::new(),
            positions: Vec::new(),
            arrived: Arrived::default(),
            ahead: None,
        }
    }

    pub(super) fn look(&mut self) -> Result<()> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(Kind::Kafka.address()).context("cannot look at Kafka")?,
        };
        // A connection that has failed is not used again.
        self.look_through(&mut client).context("cannot look at Kafka")?;
        self.client = Some(client);
        Ok(())
    }

    /// How many jobs the group has not committed; none where the broker does not say.
    pub(super) fn unsettled(&mut self) -> Result<Option<u64>> {
        let mut client = Client::connect(Kind::Kafka.address()).context("cannot look at Kafka")?;
        let jobs = &self.names.jobs;
        let count = client.partitions(jobs)?;
        let committed = client.committed(GROUP, jobs, count)?;
        Ok(behind(&committed, &client.ends(jobs, count)?))
    }

    fn look_through(&mut self, client: &mut Client) -> Result<()> {
        let jobs = &self.names.jobs;
        let count = client.partitions(jobs)?;
        // What is known stays known when the broker does not know the topic for a moment.
        grow(&mut self.positions, count as usize);
        let committed = client.committed(GROUP, jobs, count)?;
        for (topic, is_letter) in read(&self.names) {
            self.read(client, &topic, is_letter)?;
        }
        let ahead = committed.iter().zip(&self.positions);
        let ahead = ahead.map(|(committed, arrived)| ahead_of(*committed as u64, arrived)).sum();
        self.ahead = self.ahead.max(Some(ahead));
        Ok(())
    }

    fn read(&mut self, client: &mut Client, topic: &str, is_letter: bool) -> Result<()> {
        let count = client.partitions(topic)? as usize;
        // A topic that is gone for a moment is read on where it was; one that was deleted had
        // nothing in it.
        let next = self.next.entry(topic.to_owned()).or_default();
        grow(next, count);
        for (partition, next) in (0..).zip(next.iter_mut().take(count)) {
            loop {
                let records = client.fetch(topic, partition, *next)?;
                let Some(last) = records.last() else { break };
                *next = last.offset + 1;
                for record in &records {
                    if self.arrived.add(&record.headers, is_letter).is_some()
                        && let Some((partition, position)) = origin(&record.headers)
                        && let Some(positions) = self.positions.get_mut(partition as usize)
                    {
                        positions.insert(position);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Makes room for so many, and takes nothing away.
fn grow<T: Default>(known: &mut Vec<T>, count: usize) {
    known.resize_with(known.len().max(count), T::default);
}

/// How far a group is from the ends of its partitions, where all of those are known.
fn behind(committed: &[i64], ends: &[Option<i64>]) -> Option<u64> {
    let known = !ends.is_empty() && committed.len() == ends.len();
    let mut left = 0;
    for (committed, end) in committed.iter().zip(ends) {
        left += end.as_ref()?.saturating_sub(*committed).max(0) as u64;
    }
    known.then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_done_when_it_is_at_the_end_of_every_partition() {
        assert_eq!(behind(&[7, 9], &[Some(7), Some(9)]), Some(0));
        assert_eq!(behind(&[7, 0], &[Some(7), Some(9)]), Some(9));
        assert_eq!(behind(&[8, 8], &[Some(7), Some(9)]), Some(1), "one does not stand for another");
        assert_eq!(behind(&[7, 9], &[Some(7), None]), None);
        assert_eq!(behind(&[], &[]), None, "no partitions are no answer");
    }

    #[test]
    fn what_is_known_outlives_an_answer_without_partitions() {
        let mut next = vec![40, 41];
        grow(&mut next, 0);
        assert_eq!(next, [40, 41]);
        grow(&mut next, 3);
        assert_eq!(next, [40, 41, 0]);
    }
}
