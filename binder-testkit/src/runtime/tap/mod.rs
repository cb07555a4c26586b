//! A binder between runtime and binder, which writes down what passes.

mod input;
mod log;
mod output;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use binder_core::{
    Binder, BoundInput, BoxFuture, Capabilities, ConsumerSpec, DeadLetterStore, ProducerSpec,
    Publisher, Result, Topology,
};

use crate::contract::compare::Verdict;
use crate::evidence::Recorder;
use crate::runtime::tap::input::{TappedAcker, TappedSubscription};
use crate::runtime::tap::output::TappedPublisher;
use crate::runtime::tap::watch::Watch;
use crate::signal::lock;

pub(super) use crate::runtime::tap::log::{Log, Refusal};

/// By destination and group.
type Watches = BTreeMap<(String, String), Arc<Watch>>;

/// A binder that adds a [`Log`] to another one.
#[derive(Clone)]
pub(super) struct Tap {
    binder: Arc<dyn Binder>,
    pub(super) log: Arc<Log>,
    recorder: Option<Arc<dyn Recorder>>,
    watches: Arc<Mutex<Watches>>,
}

impl Tap {
    pub(super) fn new(binder: Arc<dyn Binder>) -> Self {
        Self { binder, log: Arc::default(), recorder: None, watches: Arc::default() }
    }

    /// The same, which compares what the runtime settles with what the broker records. Its groups
    /// must have no other members.
    pub(super) fn watched_by(mut self, recorder: Option<Arc<dyn Recorder>>) -> Self {
        self.recorder = recorder;
        self
    }

    /// So many messages were published to a destination by somebody else.
    pub(super) fn sent(&self, destination: &str, count: usize) {
        lock(&self.watches).values().for_each(|watch| watch.sent(destination, count as u64));
    }

    /// Fails if the broker has recorded what was not settled.
    pub(super) fn is_never_ahead(&self) -> Verdict {
        lock(&self.watches).values().try_for_each(|watch| watch.verdict())
    }

    /// Watches an input, together with earlier ones of its group.
    fn watch(&self, spec: &ConsumerSpec) -> Option<Arc<Watch>> {
        let (recorder, group) = (self.recorder.clone()?, spec.group.as_ref()?.to_string());
        let destination = spec.destination.to_string();
        let in_flight = spec.max_in_flight.map_or(u64::MAX, |limit| limit.messages as u64);
        let mut watches = lock(&self.watches);
        let watch = watches.entry((destination.clone(), group.clone()));
        let begin = || Watch::start(destination, group, recorder, in_flight);
        Some(watch.or_insert_with(begin).clone())
    }
}

impl Binder for Tap {
    fn bind_consumer<'a>(&'a self, spec: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>> {
        Box::pin(async {
            let BoundInput { subscription, acker } = self.binder.bind_consumer(spec).await?;
            let (log, destination) = (self.log.clone(), spec.destination.to_string());
            let watch = self.watch(spec);
            let acker = TappedAcker {
                acker,
                log: log.clone(),
                destination: destination.clone(),
                watch: watch.clone(),
            };
            let subscription = TappedSubscription { subscription, log, destination, watch };
            Ok(BoundInput { subscription: Box::new(subscription), acker: Arc::new(acker) })
        })
    }

    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        Box::pin(async {
            let publisher = self.binder.bind_producer(spec).await?;
            let tapped =
                TappedPublisher::new(publisher, self.log.clone(), spec.destination.to_string());
            Ok(Arc::new(tapped) as Arc<dyn Publisher>)
        })
    }

    fn provision<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<()>> {
        self.binder.provision(topology)
    }

    fn capabilities(&self) -> Capabilities {
        self.binder.capabilities()
    }

    fn dead_letter_store(&self) -> Option<&dyn DeadLetterStore> {
        self.binder.dead_letter_store()
    }
}
