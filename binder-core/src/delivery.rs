//! A message that someone must settle.

use crate::message::Message;

/// Where a delivery came from, in the words of its binder; what it is settled by.
///
/// The runtime never looks for a meaning in it beyond this: `partition` is the lane of
/// `order = "partition"`, and the three together name the delivery in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    /// Counts assignments of the partition, or connections: a settlement of an old epoch is late.
    pub epoch: u32,
    /// The partition; 0 where the binder has none.
    pub partition: u32,
    /// Kafka's offset, AMQP's delivery tag, the index in a memory log.
    pub sequence: u64,
}

/// A message on its way to a function.
#[derive(Debug)]
pub struct Delivery {
    /// What the broker sent.
    pub message: Message,
    /// What to settle it by.
    pub tag: Tag,
    /// How often it was tried before this delivery, as far as the broker counts; 0 if unknown.
    pub earlier_attempts: u32,
}

/// What the broker is told of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Settlement {
    /// It is done with: handled, dead-lettered or discarded.
    Ack,
    /// It goes back as if it had never been delivered: nobody tried it. It comes again with the next
    /// assignment of its partition or the next binding of its group, not before.
    Release,
}

/// Tells the broker what became of deliveries.
///
/// # Obligations
///
/// The runtime settles every delivery at most once, in any order, from any thread. One that is
/// never settled stays the broker's to deliver again.
///
/// The binder must not block and must not fail: a settlement that it cannot pass on (its partition
/// was revoked, its connection is gone) is late, is counted, and the broker delivers again. It
/// commits or acknowledges nothing above an unsettled or released delivery of the same partition.
pub trait Acker: Send + Sync {
    /// Settles a batch.
    fn settle(&self, batch: &[(Tag, Settlement)]);
}
