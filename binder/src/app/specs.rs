//! From resolved configuration to what binders and the runtime are told: plain mapping.

use std::num::NonZeroU32;
use std::time::Duration;

use binder_core::logic::attempts::Policy;
use binder_core::logic::retry;
use binder_core::logic::sources::Sources;
use binder_core::{
    Capabilities, ConsumerSpec, DeadLetterSpec, Destination, Limit, ProducerSpec, Start, Topology,
};

use crate::config::{
    OnExhausted, Resolved, ResolvedFunction, ResolvedInput, ResolvedOutput, ResolvedSource,
};
use crate::runtime::origins::Origins;
use crate::runtime::plan::InputPlan;

/// What the runtime takes in at most where the configuration says nothing; the binder's own
/// default is usually lower.
const IN_FLIGHT: Limit = Limit { messages: 65_536, bytes: 64 * 1024 * 1024 };

/// How long a partition that moves to another process waits for calls that have started; what has
/// not finished by then is repeated there. Below half of the shortest usual session time-out (10 s).
const DRAIN: Duration = Duration::from_secs(4);

/// What an input is bound to: a specification for each destination it reads, and behind those for
/// each where messages of it wait, in the order of [`Origins`]. Each has its share of what may be
/// in flight.
pub(super) fn consumers(resolved: &Resolved, input: &ResolvedInput) -> Vec<ConsumerSpec> {
    let reads = input.sources.iter().map(|source| (source, &source.destination, input.start));
    // Nothing that waits is passed over, whenever the group is made.
    let waits = waiting(input).map(|(source, destination)| (source, destination, Start::Earliest));
    let each: Vec<_> = reads.chain(waits).collect();
    let sources = Sources::new(each.len());
    each.into_iter()
        .enumerate()
        .map(|(at, (source, destination, start))| ConsumerSpec {
            start,
            max_in_flight: input.max_in_flight.map(|limit| sources.share(limit, at)),
            ..consumer(resolved, input, source, destination)
        })
        .collect()
}

/// Where messages of an input wait to be tried again: for each wait, of each destination it reads.
fn waiting(input: &ResolvedInput) -> impl Iterator<Item = (&ResolvedSource, &Destination)> {
    let waits = input.sources.iter().map(|source| source.retries.len()).max().unwrap_or(0);
    (0..waits).flat_map(|step| {
        input.sources.iter().filter_map(move |source| Some((source, source.retries.get(step)?)))
    })
}

/// Where messages of an input wait, as something to publish to: what nobody can receive must not be
/// lost.
pub(super) fn waiting_producers(resolved: &Resolved, input: &ResolvedInput) -> Vec<ProducerSpec> {
    let producer = |(source, destination): (&ResolvedSource, &Destination)| ProducerSpec {
        binding: input.binding.clone(),
        destination: destination.clone(),
        partition_count: source.partition_count,
        grow: source.grow,
        required_groups: input.group.iter().cloned().collect(),
        unrouted: binder_core::Unrouted::Fail,
        connect: connect(resolved, &input.binder),
        native: Default::default(),
    };
    waiting(input).map(producer).collect()
}

fn consumer(
    resolved: &Resolved,
    input: &ResolvedInput,
    source: &ResolvedSource,
    destination: &Destination,
) -> ConsumerSpec {
    ConsumerSpec {
        binding: input.binding.clone(),
        destination: destination.clone(),
        group: input.group.clone(),
        start: input.start,
        partition_count: source.partition_count,
        grow: source.grow,
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

/// The dead letters of an input, as something to provision: none, one destination for everything
/// it reads, or one for each.
pub(super) fn dead_letters(resolved: &Resolved, input: &ResolvedInput) -> Vec<DeadLetterSpec> {
    let connect = connect(resolved, &input.binder);
    let mut specs: Vec<DeadLetterSpec> = Vec::new();
    for source in &input.sources {
        let known = |destination: &&Destination| {
            !specs.iter().any(|spec| spec.destination == **destination)
        };
        if let Some(destination) = source.dead_letter.as_ref().filter(known) {
            specs.push(DeadLetterSpec {
                destination: destination.clone(),
                partition_count: source.partition_count,
                grow: source.grow,
                connect,
            });
        }
    }
    specs
}

/// The dead letters of an input, as something to publish to: a letter that nobody can receive must
/// not be lost.
pub(super) fn dead_producers(resolved: &Resolved, input: &ResolvedInput) -> Vec<ProducerSpec> {
    let letters = dead_letters(resolved, input).into_iter();
    let producer = |spec: DeadLetterSpec| ProducerSpec {
        binding: input.binding.clone(),
        destination: spec.destination,
        partition_count: spec.partition_count,
        grow: spec.grow,
        required_groups: Vec::new(),
        unrouted: binder_core::Unrouted::Fail,
        connect: spec.connect,
        native: Default::default(),
    };
    letters.map(producer).collect()
}

fn connect(resolved: &Resolved, binder: &str) -> Duration {
    resolved.binders.get(binder).map_or(Duration::from_secs(10), |binder| binder.connect)
}

/// Everything that all functions need of one binder.
pub(super) fn topology(resolved: &Resolved, binder: &str) -> Topology {
    let mut topology = Topology::default();
    for function in &resolved.functions {
        for input in function.inputs.iter().filter(|input| input.binder == binder) {
            topology.consumers.extend(consumers(resolved, input));
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
    origins: Origins,
    letters: usize,
    capabilities: impl Fn(&str) -> Capabilities,
) -> InputPlan {
    let max_attempts = NonZeroU32::new(input.retry.max_attempts).unwrap_or(NonZeroU32::MIN);
    let requeue = waiting(input).next().is_some();
    let waits = if requeue { retry::waits(max_attempts, &input.retry.backoff) } else { Vec::new() };
    InputPlan {
        function,
        origins,
        letters,
        binder: input.binder.clone(),
        binding: input.binding.to_string(),
        group: input.group.as_ref().map(ToString::to_string),
        order: input.order,
        concurrency: input.concurrency,
        stream: false,
        limit: input.max_in_flight.unwrap_or(IN_FLIGHT),
        drain: DRAIN,
        deadline: input.deadline,
        policy: Policy {
            max_attempts,
            dead_letter: letters > 0,
            drop_exhausted: input.on_exhausted == OnExhausted::Drop,
            requeue,
        },
        backoff: input.retry.backoff,
        waits,
        copy_headers: resolved
            .outputs
            .iter()
            .map(|output| input.copy_headers && output.copy_headers)
            .collect(),
        keeps_positions: capabilities(&input.binder).log,
        ids: resolved.outputs.iter().map(|o| capabilities(&o.binder).message_ids).collect(),
        holds: capabilities(&input.binder).shared && input.group.is_some(),
        classes: Default::default(),
        outputs: resolved.outputs.iter().map(|output| output.binding.to_string()).collect(),
    }
}
