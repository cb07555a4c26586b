//! Topics: what is wanted and what is there make a plan, which is then carried out.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Mutex;

use binder_core::{Error, ErrorKind, Result, Topology};
use futures::executor::block_on;

use crate::config::KafkaSettings;
use crate::error::{Code, broker};
use crate::preflight::{Preflight, client_refused};
use crate::sync::lock;

/// Partitions of a topic that the binder creates and nobody gave a number for.
const DEFAULT_PARTITIONS: NonZeroU32 = NonZeroU32::new(8).expect("not zero");

/// Topics by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted(BTreeMap<String, Request>);

/// What is asked of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Request {
    /// The greatest number of partitions that was asked for; `None` takes whatever there is.
    partitions: Option<NonZeroU32>,
    /// A topic with fewer is given more.
    grow: bool,
}

impl Wanted {
    /// Adds a topic; one with fewer partitions is given more if it may `grow`.
    pub(crate) fn add(&mut self, topic: &str, partitions: Option<NonZeroU32>, grow: bool) {
        let wanted = self.0.entry(topic.to_owned()).or_default();
        wanted.partitions = wanted.partitions.max(partitions);
        wanted.grow |= grow;
    }

    /// Everything that an application needs. Groups need nothing: the log keeps messages for them.
    pub(crate) fn of(topology: &Topology) -> Self {
        let mut wanted = Self::default();
        for spec in &topology.consumers {
            wanted.add(spec.destination.as_str(), spec.partition_count, spec.grow);
        }
        for spec in &topology.producers {
            wanted.add(spec.destination.as_str(), spec.partition_count, spec.grow);
        }
        for spec in &topology.dead_letters {
            wanted.add(spec.destination.as_str(), spec.partition_count, spec.grow);
        }
        wanted
    }

    /// What to do about one topic.
    fn plan(topic: &str, wanted: Request, found: Option<u32>) -> Result<Plan> {
        match (found, wanted.partitions) {
            (None, count) => Ok(Plan::Create(count.unwrap_or(DEFAULT_PARTITIONS))),
            (Some(found), Some(count)) if count.get() > found && wanted.grow => {
                Ok(Plan::Grow(count))
            }
            (Some(found), Some(wanted)) if wanted.get() > found => Err(Error::new(
                ErrorKind::Topology,
                format!("topic `{topic}` has {found} partitions, and `partition_count` asks for {wanted}"),
            )
            .with_hint("lower `partition_count`, or let the topic `grow`")),
            (Some(_), _) => Ok(Plan::Keep),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Keep,
    Create(NonZeroU32),
    /// To have so many.
    Grow(NonZeroU32),
}

/// How many partitions topics had before this binder added some.
#[derive(Debug, Default)]
pub(crate) struct Grown(Mutex<BTreeMap<String, u32>>);

impl Grown {
    fn note(&self, topic: &str, found: u32) {
        let mut before = lock(&self.0);
        let before = before.entry(topic.to_owned()).or_insert(found);
        *before = found.min(*before);
    }

    /// How many of the `found` partitions are not new to who comes with this binder. What it has
    /// added itself is new: others may send there before anybody reads it.
    pub(crate) fn old(&self, topic: &str, found: u32) -> u32 {
        lock(&self.0).get(topic).map_or(found, |before| found.min(*before))
    }
}

/// Checks topics, creates those that are missing and adds partitions where that is asked for. Blocks, for the preflight's time at most.
///
/// # Errors
///
/// What the preflight finds, [`ErrorKind::Topology`] where an existing topic is too small, and
/// what the broker says to the creation.
pub(crate) fn ensure(
    settings: &KafkaSettings,
    preflight: &Preflight,
    wanted: &Wanted,
    grown: &Grown,
) -> Result<()> {
    let (mut missing, mut small) = (Vec::new(), Vec::new());
    for (topic, wanted) in &wanted.0 {
        let found = preflight.partition_count(topic).map_err(|e| e.at_destination(topic))?;
        match Wanted::plan(topic, *wanted, found)? {
            Plan::Keep => {}
            Plan::Create(count) => missing.push((topic.as_str(), count)),
            Plan::Grow(count) => {
                grown.note(topic, found.unwrap_or_default());
                small.push((topic.as_str(), count));
            }
        }
    }
    if missing.is_empty() && small.is_empty() {
        return Ok(());
    }
    let admin: Admin = settings.questions().create().map_err(|why| client_refused(&why))?;
    if !missing.is_empty() {
        create(&admin, preflight, &missing)?;
    }
    if !small.is_empty() {
        grow(&admin, preflight, &small)?;
    }
    for (topic, _) in missing.into_iter().chain(small) {
        verify(preflight, topic, wanted.0.get(topic).copied().unwrap_or_default())?;
    }
    Ok(())
}

type Admin = rdkafka::admin::AdminClient<rdkafka::client::DefaultClientContext>;

fn grow(admin: &Admin, preflight: &Preflight, topics: &[(&str, NonZeroU32)]) -> Result<()> {
    let new: Vec<_> = topics
        .iter()
        .map(|(topic, count)| rdkafka::admin::NewPartitions::new(topic, count.get() as usize))
        .collect();
    let results = block_on(admin.create_partitions(&new, &options(preflight))).map_err(|why| {
        broker("cannot add partitions", why.rdkafka_error_code().unwrap_or(Code::Unknown))
    })?;
    for result in results {
        match result {
            Ok(topic) => tracing::info!(%topic, "partitions added"),
            // Another process was first; `verify` looks at what it has made.
            Err((_, Code::InvalidPartitions)) => {}
            Err((topic, code)) => {
                return Err(broker("cannot add partitions", code).at_destination(topic));
            }
        }
    }
    Ok(())
}

fn options(preflight: &Preflight) -> rdkafka::admin::AdminOptions {
    let limit = preflight.remaining();
    rdkafka::admin::AdminOptions::new().request_timeout(Some(limit)).operation_timeout(Some(limit))
}

fn create(admin: &Admin, preflight: &Preflight, topics: &[(&str, NonZeroU32)]) -> Result<()> {
    let new: Vec<_> = topics
        .iter()
        .map(|(topic, count)| {
            let count = i32::try_from(count.get()).unwrap_or(i32::MAX);
            // -1: the broker's own replication factor.
            rdkafka::admin::NewTopic::new(topic, count, rdkafka::admin::TopicReplication::Fixed(-1))
        })
        .collect();
    let results = block_on(admin.create_topics(&new, &options(preflight))).map_err(|why| {
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

/// Waits until the metadata shows the topic as it is wanted.
fn verify(preflight: &Preflight, topic: &str, wanted: Request) -> Result<()> {
    while !preflight.remaining().is_zero() {
        let found = preflight.partition_count(topic).map_err(|e| e.at_destination(topic))?;
        if found.is_some() && Wanted::plan(topic, wanted, found)? == Plan::Keep {
            return Ok(());
        }
    }
    let text = "the topic was created, or partitions were added to it, and that does not appear";
    Err(Error::new(ErrorKind::Topology, text).at_destination(topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(n: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(n)
    }

    fn request(partitions: Option<NonZeroU32>) -> Request {
        Request { partitions, grow: false }
    }

    #[test]
    fn the_greatest_request_counts() {
        let mut wanted = Wanted::default();
        for partitions in [None, count(3), count(12), None] {
            wanted.add("orders", partitions, partitions == count(3));
        }
        wanted.add("dead", None, false);
        let orders = Request { partitions: count(12), grow: true };
        let expected = [("dead".to_owned(), request(None)), ("orders".to_owned(), orders)];
        assert_eq!(wanted.0, BTreeMap::from(expected));
    }

    #[test]
    fn what_exists_wins_unless_more_is_asked_for() {
        assert_eq!(
            Wanted::plan("t", request(None), None).unwrap(),
            Plan::Create(DEFAULT_PARTITIONS)
        );
        assert_eq!(
            Wanted::plan("t", request(count(3)), None).unwrap(),
            Plan::Create(count(3).unwrap())
        );
        for wanted in [None, count(1), count(4)] {
            assert_eq!(Wanted::plan("t", request(wanted), Some(4)).unwrap(), Plan::Keep);
        }
        let error = Wanted::plan("t", request(count(5)), Some(4)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Topology);
        let text = error.to_string();
        assert!(text.contains("has 4 partitions") && text.contains("asks for 5"), "{text}");
    }

    #[test]
    fn what_the_binder_added_is_not_old() {
        let grown = Grown::default();
        assert_eq!(grown.old("t", 4), 4);
        grown.note("t", 2);
        assert_eq!((grown.old("t", 4), grown.old("t", 2), grown.old("other", 4)), (2, 2, 4));
        // What comes on top of it later makes nothing older.
        grown.note("t", 4);
        assert_eq!(grown.old("t", 8), 2);
        assert_eq!(grown.old("t", 1), 1, "made anew with fewer");
    }

    #[test]
    fn a_topic_that_may_grow_does_and_never_shrinks() {
        let growing = |partitions| Request { partitions, grow: true };
        let plan = |wanted, found| Wanted::plan("t", growing(wanted), found).unwrap();
        assert_eq!(plan(count(5), Some(4)), Plan::Grow(count(5).unwrap()));
        assert_eq!(plan(count(5), None), Plan::Create(count(5).unwrap()));
        for wanted in [None, count(3), count(4)] {
            assert_eq!(plan(wanted, Some(4)), Plan::Keep);
        }
    }
}
