//! The binder: checks, provisions and binds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use binder_core::{
    Binder, BoundInput, BoxFuture, Capabilities, ConsumerSpec, DeadLetterSpec, DeadLetterStore,
    Error, Letters, Native, ProducerSpec, Publisher, Result, Topology, Unrouted,
};

use crate::config::KafkaSettings;
use crate::offload::off_runtime;
use crate::options;
use crate::preflight::Preflight;
use crate::producer::Producer;
use crate::publisher::KafkaPublisher;
use crate::store;
use crate::subscription;
use crate::sync::lock;
use crate::topics::{self, Grown, Wanted};

/// Kafka as a messaging system.
///
/// Topics are destinations, consumer groups are groups. Topics that are missing are created, with
/// eight partitions where nothing else is asked for and the broker's replication factor. Inputs
/// have a client and a thread each; outputs share one idempotent producer (those with `native`
/// options of their own share it with their like).
#[derive(Debug)]
pub struct KafkaBinder {
    settings: KafkaSettings,
    /// One producer per set of options, for as long as a publisher uses it.
    producers: Mutex<BTreeMap<Native, Weak<Producer>>>,
    grown: Arc<Grown>,
}

impl KafkaBinder {
    /// Checks the settings; connects to nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](binder_core::ErrorKind::Config) for settings that cannot work, and for
    /// native options which are unknown or would void a guarantee of the binder, by name.
    pub fn new(settings: KafkaSettings) -> Result<Self> {
        settings.check().map_err(|why| why.at_binder(settings.name.as_str()))?;
        Ok(Self { settings, producers: Mutex::default(), grown: Arc::default() })
    }

    fn at_home(&self, why: Error) -> Error {
        why.at_binder(self.settings.name.as_str())
    }

    fn producer(&self, native: &Native) -> Result<Arc<Producer>> {
        let mut producers = lock(&self.producers);
        if let Some(producer) = producers.get(native).and_then(Weak::upgrade) {
            return Ok(producer);
        }
        producers.retain(|_, producer| producer.strong_count() > 0);
        let config = self.settings.producer(native)?;
        let producer = Arc::new(Producer::new(&self.settings.name, config)?);
        producers.insert(native.clone(), Arc::downgrade(&producer));
        Ok(producer)
    }

    async fn output(&self, spec: &ProducerSpec) -> Result<Arc<dyn Publisher>> {
        options::check(&spec.native)?;
        let (settings, limit, grown) = (self.settings.clone(), spec.connect, self.grown.clone());
        let mut wanted = Wanted::default();
        wanted.add(spec.destination.as_str(), spec.partition_count, spec.grow);
        off_runtime("kafka-preflight", move || {
            topics::ensure(&settings, &Preflight::new(&settings, limit)?, &wanted, &grown)
        })
        .await?;
        let producer = self.producer(&spec.native)?;
        Ok(Arc::new(KafkaPublisher::new(producer, spec.destination.clone())))
    }
}

impl Binder for KafkaBinder {
    fn bind_consumer<'a>(&'a self, spec: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>> {
        Box::pin(async move {
            let (settings, spec, grown) = (self.settings.clone(), spec.clone(), self.grown.clone());
            let (binding, destination) = (spec.binding.to_string(), spec.destination.to_string());
            off_runtime("kafka-preflight", move || subscription::bind(&settings, &spec, &grown))
                .await
                .map_err(|why| self.at_home(why).at_binding(binding).at_destination(destination))
        })
    }

    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        Box::pin(async move {
            self.output(spec).await.map_err(|why| {
                self.at_home(why)
                    .at_binding(spec.binding.as_str())
                    .at_destination(spec.destination.as_str())
            })
        })
    }

    fn provision<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (settings, wanted) = (self.settings.clone(), Wanted::of(topology));
            let (limit, grown) = (settings.connect, self.grown.clone());
            off_runtime("kafka-preflight", move || {
                topics::ensure(&settings, &Preflight::new(&settings, limit)?, &wanted, &grown)
            })
            .await
            .map_err(|why| self.at_home(why))
        })
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.durable = true;
        capabilities.shared = true;
        capabilities.partitions = true;
        capabilities.log = true;
        capabilities.dead_letter_store = true;
        capabilities
    }

    fn dead_letter_store(&self) -> Option<&dyn DeadLetterStore> {
        Some(self)
    }
}

impl DeadLetterStore for KafkaBinder {
    fn open<'a>(
        &'a self,
        spec: &'a DeadLetterSpec,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Letters>>>> {
        Box::pin(async move {
            let opened = store::open(&self.settings, spec).await;
            opened.map_err(|why| self.at_home(why).at_destination(spec.destination.as_str()))
        })
    }

    fn bind_group<'a>(
        &'a self,
        input: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        Box::pin(async move {
            // A log has no queue of a group: the message names the group, and others pass over it.
            // The topic is taken as it is: it is the input's to say how many partitions there are.
            let spec = ProducerSpec {
                grow: false,
                binding: input.binding.clone(),
                destination: input.destination.clone(),
                partition_count: None,
                required_groups: Vec::new(),
                unrouted: Unrouted::Fail,
                connect: input.connect,
                native: Native::new(),
            };
            self.bind_producer(&spec).await
        })
    }
}
