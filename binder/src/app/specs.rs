//! From resolved configuration to what binders and the runtime are told: plain mapping.

use std::num::NonZeroU32;
use std::time::Duration;

use binder_core::logic::attempts::Policy;
use binder_core::{Capabilities, ConsumerSpec, DeadLetterSpec, Limit, ProducerSpec, Topology};

use crate::config::{OnExhausted, Resolved, ResolvedFunction, ResolvedInput, ResolvedOutput};
use crate::runtime::plan::InputPlan;

/// What the runtime takes in at most where the configuration says nothing; the binder's own
/// default is usually lower.
const IN_FLIGHT: Limit = Limit { messages: 65_536, bytes: 64 * 1024 * 1024 };

/// How long a partition that moves to another process waits for calls that have started; what has
/// not finished by then is repeated there. Below half of the shortest usual session time-out (10 s).
const DRAIN: Duration = Duration::from_secs(4);

pub(super) fn consumer(resolved: &Resolved, input: &ResolvedInput) -> ConsumerSpec {
    ConsumerSpec {
        binding: input.binding.clone(),
        destination: input.destination.clone(),
        group: input.group.clone(),
        start: input.start,
        partition_count: input.partition_count,
        grow: input.grow,
        instance: resolved.instance,
        max_in_flight: input.max_in_flight,
        drain: DRAIN,
        connect: connect(resolved, &input.binder),
        native: input.native.clone().into_options().into(),
    }
}

pub(super) fn producer(resolved: &Resolved, output: &ResolvedOutput) -> ProducerSpec {
    ProducerSpec {
        binding: output.binding.clone(),
        destination: output.destination.clone(),
        partition_count: output.partition_count,
        grow: output.grow,
        required_groups: output.required_groups.clone(),
        unrouted: output.unrouted,
        connect: connect(resolved, &output.binder),
        native: output.native.clone().into_options().into(),
    }
}

/// The dead letters of an input, as something to provision.
fn dead_letters(resolved: &Resolved, input: &ResolvedInput) -> Option<DeadLetterSpec> {
    let destination = input.dead_letter.clone()?;
    let connect = connect(resolved, &input.binder);
    Some(DeadLetterSpec {
        destination,
        partition_count: input.partition_count,
        grow: input.grow,
        connect,
    })
}

/// The dead letters of an input, as something to publish to: a letter that nobody can receive must
/// not be lost.
pub(super) fn dead_producer(resolved: &Resolved, input: &ResolvedInput) -> Option<ProducerSpec> {
    let spec = dead_letters(resolved, input)?;
    Some(ProducerSpec {
        binding: input.binding.clone(),
        destination: spec.destination,
        partition_count: spec.partition_count,
        grow: spec.grow,
        required_groups: Vec::new(),
        unrouted: binder_core::Unrouted::Fail,
        connect: spec.connect,
        native: Default::default(),
    })
}

fn connect(resolved: &Resolved, binder: &str) -> Duration {
    resolved.binders.get(binder).map_or(Duration::from_secs(10), |binder| binder.connect)
}

/// Everything that all functions need of one binder.
pub(super) fn topology(resolved: &Resolved, binder: &str) -> Topology {
    let mut topology = Topology::default();
    for function in &resolved.functions {
        for input in function.inputs.iter().filter(|input| input.binder == binder) {
            topology.consumers.push(consumer(resolved, input));
            topology.dead_letters.extend(dead_letters(resolved, input));
        }
        for output in function.outputs.iter().filter(|output| output.binder == binder) {
            topology.producers.push(producer(resolved, output));
        }
    }
    topology
}

pub(super) fn plan(
    function: &'static str,
    resolved: &ResolvedFunction,
    input: &ResolvedInput,
    capabilities: impl Fn(&str) -> Capabilities,
) -> InputPlan {
    InputPlan {
        function,
        binder: input.binder.clone(),
        binding: input.binding.to_string(),
        destination: input.destination.clone(),
        group: input.group.as_ref().map(ToString::to_string),
        order: input.order,
        concurrency: input.concurrency,
        stream: false,
        limit: input.max_in_flight.unwrap_or(IN_FLIGHT),
        deadline: input.deadline,
        policy: Policy {
            max_attempts: NonZeroU32::new(input.retry.max_attempts).unwrap_or(NonZeroU32::MIN),
            dead_letter: input.dead_letter.is_some(),
            drop_exhausted: input.on_exhausted == OnExhausted::Drop,
        },
        backoff: input.retry.backoff,
        copy_headers: resolved
            .outputs
            .iter()
            .map(|output| input.copy_headers && output.copy_headers)
            .collect(),
        keeps_positions: capabilities(&input.binder).log,
        ids: resolved.outputs.iter().map(|o| capabilities(&o.binder).message_ids).collect(),
        outputs: resolved.outputs.iter().map(|output| output.binding.to_string()).collect(),
    }
}
