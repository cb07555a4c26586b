//! What an application wants, in the names of Spring Cloud Stream.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use binder_core::{
    ConsumerSpec, Destination, Error, ErrorKind, Group, ProducerSpec, Result, Topology,
};

/// The queues of a group on a destination.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupQueues {
    pub(crate) destination: Destination,
    pub(crate) group: Group,
    /// How many partition queues to make; one plain queue where it is `None`.
    pub(crate) partitions: Option<NonZeroU32>,
    /// A group with fewer is given more.
    pub(crate) grow: bool,
}

/// Everything to be there; nothing twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Topic exchanges.
    pub(crate) exchanges: BTreeSet<Destination>,
    /// Queues of groups.
    pub(crate) groups: BTreeSet<GroupQueues>,
    /// Exchanges that have a queue of their own name, which keeps what nobody has read.
    pub(crate) stores: BTreeSet<Destination>,
}

/// The queue that everything of a group goes to.
pub(crate) fn queue(destination: &Destination, group: &Group) -> String {
    format!("{destination}.{group}")
}

/// The queue of one partition.
pub(crate) fn partition_queue(destination: &Destination, group: &Group, partition: u32) -> String {
    format!("{destination}.{group}-{partition}")
}

/// The routing key of one partition.
pub(crate) fn partition_key(destination: &str, partition: u32) -> String {
    format!("{destination}-{partition}")
}

/// A name as AMQP has it.
///
/// # Errors
///
/// [`ErrorKind::Config`] when it is longer than 255 bytes.
pub(crate) fn short(name: &str) -> Result<lapin::types::ShortString> {
    lapin::types::ShortString::try_new(name).map_err(|_| {
        Error::new(ErrorKind::Config, format!("`{name}` is longer than the 255 bytes of AMQP"))
            .with_hint("a queue is named `<destination>.<group>`: shorten one of them")
    })
}

impl Wanted {
    /// All that an application needs.
    pub(crate) fn of(topology: &Topology) -> Self {
        let mut wanted = Self::default();
        for consumer in &topology.consumers {
            wanted.consumer(consumer);
        }
        for producer in &topology.producers {
            wanted.producer(producer);
        }
        for dead in &topology.dead_letters {
            wanted.exchanges.insert(dead.destination.clone());
            wanted.stores.insert(dead.destination.clone());
        }
        wanted
    }

    /// What an input needs: its exchange and the queues of its group.
    pub(crate) fn of_input(spec: &ConsumerSpec) -> Self {
        let mut wanted = Self::default();
        wanted.consumer(spec);
        wanted
    }

    fn consumer(&mut self, spec: &ConsumerSpec) {
        self.exchanges.insert(spec.destination.clone());
        if let Some(group) = &spec.group {
            self.group(&spec.destination, group, spec.partition_count, spec.grow);
        }
    }

    /// What an output needs: its exchange, and queues for whom it must not miss.
    pub(crate) fn of_output(spec: &ProducerSpec) -> Self {
        let mut wanted = Self::default();
        wanted.producer(spec);
        wanted
    }

    fn producer(&mut self, spec: &ProducerSpec) {
        self.exchanges.insert(spec.destination.clone());
        for group in &spec.required_groups {
            self.group(&spec.destination, group, spec.partition_count, spec.grow);
        }
    }

    fn group(
        &mut self,
        destination: &Destination,
        group: &Group,
        partitions: Option<NonZeroU32>,
        grow: bool,
    ) {
        self.groups.insert(GroupQueues {
            destination: destination.clone(),
            group: group.clone(),
            partitions,
            grow,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use binder_core::{BindingName, DeadLetterSpec, Native, Start, Unrouted};

    use super::*;

    fn destination(name: &str) -> Destination {
        Destination::new(name).unwrap()
    }

    fn group(name: &str) -> Group {
        Group::new(name).unwrap()
    }

    fn consumer(name: &str, group: Option<Group>) -> ConsumerSpec {
        ConsumerSpec {
            binding: BindingName::new("in").unwrap(),
            destination: destination(name),
            group,
            start: Start::Earliest,
            partition_count: NonZeroU32::new(2),
            grow: false,
            instance: Default::default(),
            max_in_flight: None,
            drain: Duration::ZERO,
            connect: Duration::ZERO,
            native: Native::new(),
        }
    }

    fn producer(name: &str, required: &[&str]) -> ProducerSpec {
        ProducerSpec {
            binding: BindingName::new("out").unwrap(),
            destination: destination(name),
            partition_count: NonZeroU32::new(2),
            grow: false,
            required_groups: required.iter().map(|name| group(name)).collect(),
            unrouted: Unrouted::Fail,
            connect: Duration::ZERO,
            native: Native::new(),
        }
    }

    #[test]
    fn everything_an_application_needs_and_nothing_twice() {
        let topology = Topology {
            consumers: vec![consumer("orders", Some(group("billing"))), consumer("orders", None)],
            producers: vec![producer("orders", &["billing"]), producer("totals", &[])],
            dead_letters: vec![DeadLetterSpec {
                destination: destination("dead"),
                partition_count: None,
                grow: false,
                connect: Duration::ZERO,
            }],
        };
        let wanted = Wanted::of(&topology);
        let names = |set: &BTreeSet<Destination>| -> Vec<String> {
            set.iter().map(ToString::to_string).collect()
        };
        assert_eq!(names(&wanted.exchanges), ["dead", "orders", "totals"]);
        assert_eq!(names(&wanted.stores), ["dead"]);
        let billing = GroupQueues {
            destination: destination("orders"),
            group: group("billing"),
            partitions: NonZeroU32::new(2),
            grow: false,
        };
        assert_eq!(wanted.groups.into_iter().collect::<Vec<_>>(), [billing]);
    }

    #[test]
    fn names_are_springs() {
        let (orders, billing) = (destination("orders"), group("billing"));
        assert_eq!(queue(&orders, &billing), "orders.billing");
        assert_eq!(partition_queue(&orders, &billing, 3), "orders.billing-3");
        assert_eq!(partition_key("orders", 3), "orders-3");
    }

    #[test]
    fn a_name_that_amqp_cannot_have_is_refused() {
        assert!(short(&"x".repeat(255)).is_ok());
        assert_eq!(short(&"x".repeat(256)).unwrap_err().kind(), ErrorKind::Config);
    }
}
