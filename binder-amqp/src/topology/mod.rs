//! Exchanges and queues: what is wanted, and how it comes to be there.

mod declare;
mod plan;

pub(crate) use declare::{anonymous, ensure};
pub(crate) use plan::{GroupQueues, Wanted, partition_key, partition_queue, queue, short};
