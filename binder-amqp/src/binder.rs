//! The binder: checks, provisions and binds.

use std::sync::Arc;

use binder_core::{
    Binder, BoundInput, BoxFuture, Capabilities, ConsumerSpec, DeadLetterSpec, DeadLetterStore,
    Error, Letters, ProducerSpec, Publisher, Result, Topology,
};
use tokio::time::Instant;

use crate::connection::Live;
use crate::engine::Engine;
use crate::link::Link;
use crate::settings::{AmqpSettings, Checked};
use crate::topology::{Wanted, ensure};
use crate::{publisher, store, subscription};

/// RabbitMQ as a messaging system.
///
/// Exchanges are destinations, queues are groups. It keeps two connections, one to publish and one
/// for everything else, both made when something is first bound or provisioned.
#[derive(Debug)]
pub struct AmqpBinder {
    checked: Arc<Checked>,
    engine: Arc<Engine>,
    publishing: Arc<Link>,
    consuming: Arc<Link>,
}

impl AmqpBinder {
    /// Checks the settings and starts the binder's thread; connects to nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](binder_core::ErrorKind::Config) for settings that cannot work, and for native options that do not
    /// exist, by name.
    pub fn new(settings: AmqpSettings) -> Result<Self> {
        let name = settings.name.clone();
        Self::start(settings).map_err(|why| why.at_binder(name))
    }

    fn start(settings: AmqpSettings) -> Result<Self> {
        let checked = Arc::new(settings.check()?);
        let publishing = Arc::new(Link::new("publisher", checked.clone()));
        let consuming = Arc::new(Link::new("consumer", checked.clone()));
        let links = [publishing.clone(), consuming.clone()];
        let engine = Engine::start(&checked.settings.name, async move {
            for link in links {
                link.close().await;
            }
        });
        Ok(Self { checked, engine: Arc::new(engine?), publishing, consuming })
    }

    fn at_home(&self, why: Error) -> Error {
        why.at_binder(self.checked.settings.name.as_str())
    }

    async fn make(&self, wanted: Wanted) -> Result<()> {
        let link = self.consuming.clone();
        let deadline = Instant::now() + self.checked.settings.connect;
        let making = async move {
            link.with(deadline, async |live: Arc<Live>| ensure(&live, &wanted).await).await
        };
        self.engine.call(making).await
    }
}

impl Binder for AmqpBinder {
    fn bind_consumer<'a>(&'a self, spec: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>> {
        Box::pin(async move {
            subscription::bind(&self.engine, &self.consuming, spec).await.map_err(|why| {
                self.at_home(why)
                    .at_binding(spec.binding.as_str())
                    .at_destination(spec.destination.as_str())
            })
        })
    }

    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        Box::pin(async move {
            let bound = publisher::bind(&self.engine, &self.publishing, &self.consuming, spec);
            bound.await.map_err(|why| {
                self.at_home(why)
                    .at_binding(spec.binding.as_str())
                    .at_destination(spec.destination.as_str())
            })
        })
    }

    fn provision<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<()>> {
        Box::pin(
            async move { self.make(Wanted::of(topology)).await.map_err(|why| self.at_home(why)) },
        )
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.durable = true;
        capabilities.shared = true;
        capabilities.partitions = true;
        capabilities.message_ids = true;
        capabilities.dead_letter_store = true;
        capabilities
    }

    fn dead_letter_store(&self) -> Option<&dyn DeadLetterStore> {
        Some(self)
    }
}

impl DeadLetterStore for AmqpBinder {
    fn open<'a>(
        &'a self,
        spec: &'a DeadLetterSpec,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Letters>>>> {
        Box::pin(async move {
            let opened = store::open(&self.engine, &self.consuming, spec).await;
            opened.map_err(|why| self.at_home(why).at_destination(spec.destination.as_str()))
        })
    }

    fn bind_group<'a>(
        &'a self,
        input: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        Box::pin(async move {
            let bound =
                publisher::bind_group(&self.engine, &self.publishing, &self.consuming, input);
            bound.await.map_err(|why| {
                self.at_home(why)
                    .at_binding(input.binding.as_str())
                    .at_destination(input.destination.as_str())
            })
        })
    }
}
