//! The async half of an input.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::{
    Acker, BoundInput, ConsumerSpec, Delivery, Error, ErrorKind, Incoming, Limit, Result, Room,
    Settlement, Start, Subscription, Tag,
};

use crate::config::{KafkaSettings, session_timeout};
use crate::handover::Handover;
use crate::options;
use crate::preflight::Preflight;
use crate::pump::{self, Plan};
use crate::topics::{self, Grown, Wanted};

/// Delivered and not yet committed, where the specification leaves it to the binder.
const DEFAULT_LIMIT: Limit = Limit { messages: 65_536, bytes: 64 * 1024 * 1024 };

/// Checks, reaches the broker, joins the group and starts the poll thread. Blocks, for the time
/// that `spec.connect` allows.
///
/// # Errors
///
/// [`ErrorKind::Config`] for options that are refused or do not go together, and what the
/// preflight finds.
pub(crate) fn bind(
    settings: &KafkaSettings,
    spec: &ConsumerSpec,
    grown: &Grown,
) -> Result<BoundInput> {
    options::check(&spec.native)?;
    let group = spec.group.as_ref().map_or_else(anonymous, ToString::to_string);
    let config = settings.consumer(&group, &spec.native);
    let session = session_timeout(&config);
    if spec.drain >= session / 2 {
        return Err(Error::new(
            ErrorKind::Config,
            format!("a drain of {:?} does not fit a session time-out of {session:?}", spec.drain),
        )
        .with_hint("let `session.timeout.ms` be more than twice the drain"));
    }
    let mut wanted = Wanted::default();
    wanted.add(spec.destination.as_str(), spec.partition_count, spec.grow);
    let preflight = Preflight::new(settings, spec.connect)?;
    topics::ensure(settings, &preflight, &wanted, grown)?;
    let topic = spec.destination.as_str();
    let found = preflight.partition_count(topic)?.unwrap_or(u32::MAX);
    // A group that nobody else has begins now, so to it nothing that was there is new.
    let partitions = if spec.group.is_some() { grown.old(topic, found) } else { found };
    let start = if spec.group.is_some() { spec.start } else { Start::Latest };
    let handover = pump::start(
        &config,
        Plan {
            binding: spec.binding.to_string(),
            topic: spec.destination.to_string(),
            start,
            partitions,
            drain: spec.drain,
            connect: spec.connect,
            limit: spec.max_in_flight.unwrap_or(DEFAULT_LIMIT),
        },
    )?;
    let acker = Arc::new(KafkaAcker { handover: handover.clone() });
    Ok(BoundInput { subscription: Box::new(KafkaSubscription { handover }), acker })
}

/// A group of one that nobody else has.
fn anonymous() -> String {
    let chance = || RandomState::new().hash_one(std::process::id());
    format!("anonymous.{:016x}{:016x}", chance(), chance())
}

#[derive(Debug)]
struct KafkaSubscription {
    handover: Arc<Handover>,
}

impl Subscription for KafkaSubscription {
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

impl Drop for KafkaSubscription {
    fn drop(&mut self) {
        self.handover.abandon();
    }
}

#[derive(Debug)]
struct KafkaAcker {
    handover: Arc<Handover>,
}

impl Acker for KafkaAcker {
    fn settle(&self, batch: &[(Tag, Settlement)]) {
        self.handover.settle(batch);
    }
}
