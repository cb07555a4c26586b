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

    fn look_through(&mut self, client: &mut Client) -> Result<()> {
        let jobs = &self.names.jobs;
        let count = client.partitions(jobs)?;
        self.positions.resize_with(count as usize, BTreeSet::new);
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
        // A topic that is gone begins anew when it comes back.
        let next = self.next.entry(topic.to_owned()).or_default();
        next.resize(count, 0);
        for (partition, next) in (0..).zip(next) {
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
