//! Topics: what is wanted and what is there make a plan, which is then carried out.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use binder_core::{Error, ErrorKind, Result, Topology};
use futures::executor::block_on;

use crate::config::KafkaSettings;
use crate::error::{Code, broker};
use crate::preflight::{Preflight, client_refused};

/// Partitions of a topic that the binder creates and nobody gave a number for.
const DEFAULT_PARTITIONS: NonZeroU32 = NonZeroU32::new(8).expect("not zero");

/// Topics by name, with the greatest number of partitions that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted(BTreeMap<String, Option<NonZeroU32>>);

impl Wanted {
    /// Adds a topic; `None` takes whatever there is.
    pub(crate) fn add(&mut self, topic: &str, partitions: Option<NonZeroU32>) {
        let wanted = self.0.entry(topic.to_owned()).or_default();
        *wanted = (*wanted).max(partitions);
    }

    /// Everything that an application needs. Groups need nothing: the log keeps messages for them.
    pub(crate) fn of(topology: &Topology) -> Self {
        let mut wanted = Self::default();
        for spec in &topology.consumers {
            wanted.add(spec.destination.as_str(), spec.partition_count);
        }
        for spec in &topology.producers {
            wanted.add(spec.destination.as_str(), spec.partition_count);
        }
        for spec in &topology.dead_letters {
            wanted.add(spec.destination.as_str(), spec.partition_count);
        }
        wanted
    }

    /// What to do about one topic.
    fn plan(topic: &str, wanted: Option<NonZeroU32>, found: Option<u32>) -> Result<Plan> {
        match (found, wanted) {
            (None, wanted) => Ok(Plan::Create(wanted.unwrap_or(DEFAULT_PARTITIONS))),
            (Some(found), Some(wanted)) if wanted.get() > found => Err(Error::new(
                ErrorKind::Topology,
                format!("topic `{topic}` has {found} partitions, and `partition_count` asks for {wanted}"),
            )
            .with_hint("lower `partition_count`, or add partitions with Kafka's own tools")),
            (Some(_), _) => Ok(Plan::Keep),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Keep,
    Create(NonZeroU32),
}

/// Checks topics and creates those that are missing. Blocks, for the preflight's time at most.
///
/// # Errors
///
/// What the preflight finds, [`ErrorKind::Topology`] where an existing topic is too small, and
/// what the broker says to the creation.
pub(crate) fn ensure(
    settings: &KafkaSettings,
    preflight: &Preflight,
    wanted: &Wanted,
) -> Result<()> {
    let mut missing = Vec::new();
    for (topic, wanted) in &wanted.0 {
        let found = preflight.partition_count(topic).map_err(|e| e.at_destination(topic))?;
        if let Plan::Create(count) = Wanted::plan(topic, *wanted, found)? {
            missing.push((topic.as_str(), count));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    create(settings, preflight, &missing)?;
    for (topic, _) in missing {
        verify(preflight, topic, wanted.0.get(topic).copied().flatten())?;
    }
    Ok(())
}

fn create(
    settings: &KafkaSettings,
    preflight: &Preflight,
    topics: &[(&str, NonZeroU32)],
) -> Result<()> {
    let admin: rdkafka::admin::AdminClient<rdkafka::client::DefaultClientContext> =
        settings.questions().create().map_err(|why| client_refused(&why))?;
    let new: Vec<_> = topics
        .iter()
        .map(|(topic, count)| {
            let count = i32::try_from(count.get()).unwrap_or(i32::MAX);
            // -1: the broker's own replication factor.
            rdkafka::admin::NewTopic::new(topic, count, rdkafka::admin::TopicReplication::Fixed(-1))
        })
        .collect();
    let limit = preflight.remaining();
    let options = rdkafka::admin::AdminOptions::new()
        .request_timeout(Some(limit))
        .operation_timeout(Some(limit));
    let results = block_on(admin.create_topics(&new, &options)).map_err(|why| {
        let code = why.rdkafka_error_code().unwrap_or(Code::Unknown);
        broker("cannot create topics", code)
    })?;
    for result in results {
        match result {
            Ok(topic) => tracing::info!(%topic, "topic created"),
            // Another process was first: its number counts, and `verify` looks at it.
            Err((_, Code::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                return Err(broker("cannot create the topic", code).at_destination(topic));
            }
        }
    }
    Ok(())
}

/// Waits until the metadata shows the topic.
fn verify(preflight: &Preflight, topic: &str, wanted: Option<NonZeroU32>) -> Result<()> {
    while !preflight.remaining().is_zero() {
        let found = preflight.partition_count(topic).map_err(|e| e.at_destination(topic))?;
        if found.is_some() {
            return Wanted::plan(topic, wanted, found).map(drop);
        }
    }
    Err(Error::new(ErrorKind::Topology, "the topic was created and does not appear")
        .at_destination(topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(n: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(n)
    }

    #[test]
    fn the_greatest_request_counts() {
        let mut wanted = Wanted::default();
        for partitions in [None, count(3), count(12), None] {
            wanted.add("orders", partitions);
        }
        wanted.add("dead", None);
        let expected = [("dead".to_owned(), None), ("orders".to_owned(), count(12))];
        assert_eq!(wanted.0, BTreeMap::from(expected));
    }

    #[test]
    fn what_exists_wins_unless_more_is_asked_for() {
        assert_eq!(Wanted::plan("t", None, None).unwrap(), Plan::Create(DEFAULT_PARTITIONS));
        assert_eq!(Wanted::plan("t", count(3), None).unwrap(), Plan::Create(count(3).unwrap()));
        for wanted in [None, count(1), count(4)] {
            assert_eq!(Wanted::plan("t", wanted, Some(4)).unwrap(), Plan::Keep);
        }
        let error = Wanted::plan("t", count(5), Some(4)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Topology);
        let text = error.to_string();
        assert!(text.contains("has 4 partitions") && text.contains("asks for 5"), "{text}");
    }
}
