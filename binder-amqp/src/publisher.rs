//! The async half of an output.

use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::{Outbox, ProducerSpec, Publisher, Result};
use tokio::time::Instant;

use crate::engine::Engine;
use crate::link::Link;
use crate::options::Options;
use crate::outlet::Outlet;
use crate::route::Routes;
use crate::sender::{Plan, Sender};
use crate::topology::Wanted;

/// Reaches the broker, makes the topology and opens a channel.
///
/// # Errors
///
/// What stands against it, within `spec.connect`.
pub(crate) async fn bind(
    engine: &Arc<Engine>,
    link: &Arc<Link>,
    admin: &Arc<Link>,
    spec: &ProducerSpec,
) -> Result<Arc<dyn Publisher>> {
    let options = link.checked().options.of_output(&spec.native)?;
    let outlet = Arc::new(Outlet::default());
    let plan = plan(spec, options)?;
    let mut sender = Sender::new(plan, link.clone(), admin.clone(), outlet.clone());
    let deadline = Instant::now() + spec.connect;
    let started = engine.call(async move {
        let session = sender.start(deadline).await?;
        Ok((sender, session))
    });
    let (sender, session) = started.await?;
    engine.spawn(sender.run(session));
    Ok(Arc::new(AmqpPublisher { outlet, _engine: engine.clone() }))
}

fn plan(spec: &ProducerSpec, options: Options) -> Result<Plan> {
    let destination = spec.destination.clone();
    let routes = Routes::new(destination.as_str(), spec.partition_count, options.partitioner)?;
    Ok(Plan {
        binding: spec.binding.to_string(),
        destination,
        wanted: Wanted::of_output(spec),
        unrouted: spec.unrouted,
        routes,
        max_message_size: options.max_message_size,
    })
}

#[derive(Debug)]
struct AmqpPublisher {
    outlet: Arc<Outlet>,
    /// The thread lives as long as what it serves.
    _engine: Arc<Engine>,
}

impl Publisher for AmqpPublisher {
    fn poll_publish(&self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()> {
        self.outlet.poll_publish(cx, outbox)
    }

    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.outlet.poll_flush(cx)
    }
}

impl Drop for AmqpPublisher {
    fn drop(&mut self) {
        self.outlet.close();
    }
}
