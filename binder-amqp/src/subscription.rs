//! The async half of an input.

use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::{
    Acker, BoundInput, ConsumerSpec, Delivery, Incoming, Limit, Result, Room, Settlement,
    Subscription, Tag,
};
use tokio::time::Instant;

use crate::consumer::{Consumer, Plan, Source};
use crate::engine::Engine;
use crate::handover::Handover;
use crate::link::Link;
use crate::options::none_for_input;
use crate::topology::GroupQueues;

/// Unsettled at once where the specification leaves it to the binder.
const LIMIT: Limit = Limit { messages: 1_024, bytes: 64 << 20 };

/// Reaches the broker, makes the topology and consumes.
///
/// # Errors
///
/// What stands against it, within `spec.connect`.
pub(crate) async fn bind(
    engine: &Arc<Engine>,
    link: &Arc<Link>,
    spec: &ConsumerSpec,
) -> Result<BoundInput> {
    none_for_input(&spec.native)?;
    let plan = plan(spec);
    // A tenth of what may be unsettled is worth a frame.
    let handover = Arc::new(Handover::new((plan.limit.messages / 10).max(1)));
    let mut consumer = Consumer::new(plan, link.clone(), handover.clone());
    let deadline = Instant::now() + spec.connect;
    let started = engine.call(async move {
        let session = consumer.start(deadline).await?;
        Ok((consumer, session))
    });
    let (consumer, session) = started.await?;
    engine.spawn(consumer.run(session));
    let acker = Arc::new(AmqpAcker { handover: handover.clone() });
    let subscription = AmqpSubscription { handover, _engine: engine.clone() };
    Ok(BoundInput { subscription: Box::new(subscription), acker })
}

fn plan(spec: &ConsumerSpec) -> Plan {
    let Limit { messages, bytes } = spec.max_in_flight.unwrap_or(LIMIT);
    // A prefetch of 0 would be without a limit, and one above is not known to AMQP.
    let limit = Limit { messages: messages.clamp(1, usize::from(u16::MAX)), bytes };
    let destination = spec.destination.clone();
    let source = match spec.group.clone() {
        None => Source::Anonymous(destination),
        Some(group) => {
            let (partitions, grow) = (spec.partition_count, spec.grow);
            let queues = GroupQueues { destination, group, partitions, grow };
            Source::Group { queues, instance: spec.instance }
        }
    };
    Plan { binding: spec.binding.to_string(), source, limit }
}

#[derive(Debug)]
struct AmqpSubscription {
    handover: Arc<Handover>,
    /// The thread lives as long as what it serves.
    _engine: Arc<Engine>,
}

impl Subscription for AmqpSubscription {
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Result<Incoming>> {
        self.handover.poll_next(cx, room, batch)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.handover.poll_close(cx)
    }
}

impl Drop for AmqpSubscription {
    fn drop(&mut self) {
        self.handover.abandon();
    }
}

#[derive(Debug)]
struct AmqpAcker {
    handover: Arc<Handover>,
}

impl Acker for AmqpAcker {
    fn settle(&self, batch: &[(Tag, Settlement)]) {
        self.handover.settle(batch);
    }
}
