//! The broker: every destination of one process.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use binder_core::Native;
use binder_core::{
    Binder, BoundInput, BoxFuture, Capabilities, ConsumerSpec, DeadLetterStore, Destination, Error,
    ErrorKind, Group, ProducerSpec, Publisher, Result, Topology,
};

use crate::limits;
use crate::member::Member;
use crate::provision::{self, located};
use crate::publisher::MemoryPublisher;
use crate::subscription::{MemoryAcker, MemorySubscription};
use crate::topic::Topic;

/// A message broker in this process.
///
/// Clones are handles to the same broker; [`MemoryBinder::new`] makes one of its own. A
/// destination begins with the first that provisions or binds it, with 8 partitions unless that
/// one asks for another number.
///
/// ```
/// use binder_core::{Destination, Group};
/// use binder_memory::MemoryBinder;
///
/// let broker = MemoryBinder::new();
/// let (orders, billing) = (Destination::new("orders")?, Group::new("billing")?);
/// assert_eq!(broker.clone().backlog(&orders, &billing), None); // nothing was bound yet
/// # Ok::<(), binder_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryBinder {
    topics: Arc<Mutex<HashMap<Destination, Arc<Topic>>>>,
}

impl MemoryBinder {
    /// An empty broker.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many messages are kept for a group: everything from its first unsettled message of
    /// each partition on. `None` if there is no such destination or group.
    #[must_use]
    pub fn backlog(&self, destination: &Destination, group: &Group) -> Option<usize> {
        self.topic(destination)?.with(|state, _| state.backlog(group))
    }

    /// How many settlements of a group came too late to count, after their partition had gone to
    /// another member. `None` if there is no such destination or group.
    #[must_use]
    pub fn late_settlements(&self, destination: &Destination, group: &Group) -> Option<u64> {
        self.topic(destination)?.with(|state, _| Some(state.group(group)?.late()))
    }

    /// How many messages were confirmed although nobody read the destination. `None` if there is
    /// no such destination.
    #[must_use]
    pub fn unrouted(&self, destination: &Destination) -> Option<u64> {
        Some(self.topic(destination)?.with(|state, _| state.unrouted.total()))
    }

    /// How many partitions a destination has. `None` if there is no such destination.
    #[must_use]
    pub fn partition_count(&self, destination: &Destination) -> Option<NonZeroU32> {
        Some(self.topic(destination)?.partitions())
    }

    pub(crate) fn topic(&self, destination: &Destination) -> Option<Arc<Topic>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner).get(destination).cloned()
    }

    /// The destination of that name, created if there is none; whoever comes first says how many
    /// partitions it has, and whoever lets it grow may add some.
    pub(crate) fn ensure(
        &self,
        name: &Destination,
        requested: Option<NonZeroU32>,
        grow: bool,
    ) -> Result<Arc<Topic>> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let found = topics.get(name).cloned();
        let existing = found.as_ref().map(|topic| topic.partitions());
        let larger = requested.filter(|requested| existing.is_none_or(|there| *requested > there));
        if let (Some(existing), Some(requested), false) = (existing, larger, grow) {
            let text = format!("has {existing} partitions, {requested} are requested");
            return Err(Error::new(ErrorKind::Topology, text).with_hint(
                "set `partition_count` alike wherever it is set, leave it out, or let the \
                 destination `grow`",
            ));
        }
        if let Some(count) = larger.filter(|count| count.get() > limits::MAX_PARTITIONS) {
            let most = limits::MAX_PARTITIONS;
            let why = format!("{count} partitions are requested, {most} are the most there can be");
            return Err(Error::new(ErrorKind::Topology, why));
        }
        let Some(topic) = found else {
            let count = requested.or(NonZeroU32::new(limits::PARTITIONS));
            let topic = Arc::new(Topic::new(name.clone(), count.unwrap_or(NonZeroU32::MIN)));
            topics.insert(name.clone(), topic.clone());
            return Ok(topic);
        };
        if let Some(count) = larger {
            topic.grow(count);
            tracing::info!(destination = %name, partitions = count, "partitions added");
        }
        Ok(topic)
    }

    fn bind_input(&self, spec: &ConsumerSpec) -> Result<BoundInput> {
        refuse_options(&spec.native)?;
        let topic = self.ensure(&spec.destination, spec.partition_count, spec.grow)?;
        let limit = spec.max_in_flight.unwrap_or(limits::IN_FLIGHT);
        let (group, member) = topic.with(|state, wakes| {
            let member = |id| Member::new(id, limit, spec.drain);
            state.join(spec.group.clone(), spec.start, member, Instant::now(), wakes)
        });
        let acker = MemoryAcker { topic: topic.clone(), group: group.clone(), member };
        let subscription = MemorySubscription::new(topic, spec.binding.clone(), group, member);
        Ok(BoundInput { subscription: Box::new(subscription), acker: Arc::new(acker) })
    }

    pub(crate) fn bind_output(&self, spec: &ProducerSpec) -> Result<Arc<dyn Publisher>> {
        refuse_options(&spec.native)?;
        let topic = self.ensure(&spec.destination, spec.partition_count, spec.grow)?;
        topic.with(|state, _| provision::create_groups(state, &spec.required_groups));
        Ok(Arc::new(MemoryPublisher::new(topic, spec.binding.clone(), spec.unrouted)))
    }
}

fn refuse_options(native: &Native) -> Result<()> {
    match native.keys().next() {
        None => Ok(()),
        Some(key) => {
            let why = format!("the memory binder has no option `{key}`");
            Err(Error::new(ErrorKind::Config, why).with_hint("remove it from `native`"))
        }
    }
}

impl Binder for MemoryBinder {
    fn bind_consumer<'a>(&'a self, spec: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>> {
        Box::pin(async move {
            self.bind_input(spec)
                .map_err(|error| located(error, Some(&spec.binding), &spec.destination))
        })
    }

    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        Box::pin(async move {
            self.bind_output(spec)
                .map_err(|error| located(error, Some(&spec.binding), &spec.destination))
        })
    }

    fn provision<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { provision::create(self, topology) })
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.partitions = true;
        capabilities.dead_letter_store = true;
        capabilities
    }

    fn dead_letter_store(&self) -> Option<&dyn DeadLetterStore> {
        Some(self)
    }
}

impl fmt::Debug for MemoryBinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("MemoryBinder").field("destinations", &topics.len()).finish()
    }
}
