//! A binder between runtime and binder, which writes down what passes.

mod input;
mod log;
mod output;

use std::sync::Arc;

use binder_core::{
    Binder, BoundInput, BoxFuture, Capabilities, ConsumerSpec, DeadLetterStore, ProducerSpec,
    Publisher, Result, Topology,
};

use crate::runtime::tap::input::{TappedAcker, TappedSubscription};
use crate::runtime::tap::output::TappedPublisher;

pub(super) use crate::runtime::tap::log::{Log, Refusal};

/// A binder that adds a [`Log`] to another one.
#[derive(Clone)]
pub(super) struct Tap {
    binder: Arc<dyn Binder>,
    pub(super) log: Arc<Log>,
}

impl Tap {
    pub(super) fn new(binder: Arc<dyn Binder>) -> Self {
        Self { binder, log: Arc::default() }
    }
}

impl Binder for Tap {
    fn bind_consumer<'a>(&'a self, spec: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>> {
        Box::pin(async {
            let BoundInput { subscription, acker } = self.binder.bind_consumer(spec).await?;
            let (log, destination) = (self.log.clone(), spec.destination.to_string());
            let acker = TappedAcker { acker, log: log.clone(), destination: destination.clone() };
            Ok(BoundInput {
                subscription: Box::new(TappedSubscription { subscription, log, destination }),
                acker: Arc::new(acker),
            })
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
