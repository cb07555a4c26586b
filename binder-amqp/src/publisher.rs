//! The async half of an output.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::{
    ConsumerSpec, Error, ErrorKind, Group, Outbox, ProducerSpec, Publisher, Result, Unrouted,
};
use lapin::types::ShortString;
use tokio::time::Instant;

use crate::connection::Live;
use crate::engine::Engine;
use crate::link::Link;
use crate::options::Options;
use crate::outlet::Outlet;
use crate::route::Routes;
use crate::sender::{Plan, Sender};
use crate::topology::{GroupQueues, Wanted, short};

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
    let deadline = Instant::now() + spec.connect;
    start(engine, link, admin, plan(spec, options)?, deadline).await
}

/// The same for one group of a destination, past the exchange, so that no other group gets what is
/// sent.
///
/// # Errors
///
/// As [`bind`], and [`ErrorKind::Unsupported`] for an input without a group.
pub(crate) async fn bind_group(
    engine: &Arc<Engine>,
    link: &Arc<Link>,
    admin: &Arc<Link>,
    spec: &ConsumerSpec,
) -> Result<Arc<dyn Publisher>> {
    let options = link.checked().options;
    let Some(group) = &spec.group else {
        let why = "an input without a group has no queue to send to";
        return Err(Error::new(ErrorKind::Unsupported, why));
    };
    let deadline = Instant::now() + spec.connect;
    // Whoever reads the group now reads no queue that would be added.
    let partition_count = found(engine, admin, spec, group, deadline).await?;
    let spec = ConsumerSpec { partition_count, grow: false, ..spec.clone() };
    let destination = spec.destination.clone();
    let routes = Routes::to_group(&destination, group, partition_count, options.partitioner)?;
    let plan = Plan {
        binding: spec.binding.to_string(),
        destination,
        exchange: ShortString::default(),
        wanted: Wanted::of_input(&spec),
        unrouted: Unrouted::Fail,
        routes,
        max_message_size: options.max_message_size,
    };
    start(engine, link, admin, plan, deadline).await
}

/// How many partition queues of a group there are to send to.
async fn found(
    engine: &Arc<Engine>,
    admin: &Arc<Link>,
    spec: &ConsumerSpec,
    group: &Group,
    deadline: Instant,
) -> Result<Option<NonZeroU32>> {
    let (admin, queues) = (
        admin.clone(),
        GroupQueues {
            destination: spec.destination.clone(),
            group: group.clone(),
            partitions: spec.partition_count,
            grow: false,
        },
    );
    let look = async move {
        let queues = &queues;
        admin.with(deadline, async |live: Arc<Live>| queues.found(&live).await).await
    };
    engine.call(look).await
}

async fn start(
    engine: &Arc<Engine>,
    link: &Arc<Link>,
    admin: &Arc<Link>,
    plan: Plan,
    deadline: Instant,
) -> Result<Arc<dyn Publisher>> {
    let outlet = Arc::new(Outlet::default());
    let mut sender = Sender::new(plan, link.clone(), admin.clone(), outlet.clone());
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
        exchange: short(destination.as_str())?,
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
