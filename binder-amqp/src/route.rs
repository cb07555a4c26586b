//! From a key to a partition and its routing key.

use std::num::NonZeroU32;

use binder_core::logic::partition::{kafka_partition, spring_partition};
use binder_core::{Destination, Error, ErrorKind, Group, Result};

use crate::topology::{partition_key, partition_queue, queue, short};

/// How a key chooses its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Partitioner {
    /// As Kafka's Java client does.
    Murmur2,
    /// As Spring Cloud Stream does, for keys that are text.
    Spring,
}

impl Partitioner {
    /// The partitioner of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "murmur2" => Some(Self::Murmur2),
            "spring" => Some(Self::Spring),
            _ => None,
        }
    }

    fn partition(self, key: &[u8], count: NonZeroU32) -> u32 {
        match self {
            Self::Murmur2 => kafka_partition(key, count),
            Self::Spring => spring_partition(&String::from_utf8_lossy(key), count),
        }
    }
}

/// The routing keys of a destination.
#[derive(Debug)]
pub(crate) struct Routes {
    /// One without partitions, otherwise one each.
    keys: Vec<lapin::types::ShortString>,
    partitions: Option<NonZeroU32>,
    partitioner: Partitioner,
    /// Where the next message without a key goes.
    turn: u32,
}

impl Routes {
    /// The routes of a destination with that many partitions.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when a routing key would be too long for AMQP.
    pub(crate) fn new(
        destination: &str,
        partitions: Option<NonZeroU32>,
        partitioner: Partitioner,
    ) -> Result<Self> {
        let keys = match partitions {
            None => vec![short(destination)?],
            Some(count) => (0..count.get())
                .map(|partition| short(&partition_key(destination, partition)))
                .collect::<Result<_>>()?,
        };
        Ok(Self { keys, partitions, partitioner, turn: 0 })
    }

    /// The routes straight to the queues of a group, by way of the default exchange.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the name of a queue would be too long for AMQP.
    pub(crate) fn to_group(
        destination: &Destination,
        group: &Group,
        partitions: Option<NonZeroU32>,
        partitioner: Partitioner,
    ) -> Result<Self> {
        let keys = match partitions {
            None => vec![short(&queue(destination, group))?],
            Some(count) => (0..count.get())
                .map(|partition| short(&partition_queue(destination, group, partition)))
                .collect::<Result<_>>()?,
        };
        Ok(Self { keys, partitions, partitioner, turn: 0 })
    }

    /// The partition of a message, and its routing key; messages without a key take turns.
    ///
    /// # Errors
    ///
    /// Never for a partition below the count.
    pub(crate) fn of(
        &mut self,
        key: Option<&[u8]>,
    ) -> Result<(Option<u32>, lapin::types::ShortString)> {
        let partition = self.partitions.map(|count| match key {
            Some(key) => self.partitioner.partition(key, count),
            None => {
                self.turn = self.turn.wrapping_add(1);
                self.turn % count
            }
        });
        let index = partition.unwrap_or(0) as usize;
        let key = self.keys.get(index).cloned();
        let key = key.ok_or_else(|| Error::new(ErrorKind::Publish, "there is no such partition"));
        key.map(|key| (partition, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_partitions_the_routing_key_is_the_destination() {
        let mut routes = Routes::new("orders", None, Partitioner::Murmur2).unwrap();
        let (partition, key) = routes.of(Some(b"k")).unwrap();
        assert_eq!((partition, key.as_str()), (None, "orders"));
    }

    #[test]
    fn a_group_is_reached_by_the_names_of_its_queues() {
        let (orders, billing) =
            (Destination::new("orders").unwrap(), Group::new("billing").unwrap());
        let to = |partitions| Routes::to_group(&orders, &billing, partitions, Partitioner::Spring);
        assert_eq!(to(None).unwrap().of(Some(b"a")).unwrap().1.as_str(), "orders.billing");
        let partitioned = to(NonZeroU32::new(4)).unwrap().of(Some(b"a")).unwrap();
        assert_eq!((partitioned.0, partitioned.1.as_str()), (Some(1), "orders.billing-1"));
    }

    #[test]
    fn a_key_keeps_its_partition_and_messages_without_one_take_turns() {
        let count = NonZeroU32::new(4);
        let mut routes = Routes::new("orders", count, Partitioner::Spring).unwrap();
        // "a" hashes to 97 in Java.
        let (partition, key) = routes.of(Some(b"a")).unwrap();
        assert_eq!((partition, key.as_str()), (Some(1), "orders-1"));
        let turns: Vec<_> = (0..5).map(|_| routes.of(None).unwrap().0.unwrap()).collect();
        assert_eq!(turns, [1, 2, 3, 0, 1]);
    }
}
