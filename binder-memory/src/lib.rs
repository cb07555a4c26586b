//! The memory binder of stream-binder: destinations, partitions and groups in one process.
//!
//! It needs no set-up and reaches nothing outside the process, so it is the default and the
//! executable specification of a binder. What it holds lives exactly as long as the last clone
//! of the [`MemoryBinder`] or anything bound with it.
//!
//! - A destination is a log per partition; a key picks its partition as Java's Kafka client does.
//! - A group reads every message from where it started, and its members share the partitions.
//!   What a member leaves unsettled is delivered to the next owner, from the first unsettled
//!   message of the partition on (at least once, in order).
//! - A message is kept until every group has settled it; a full partition makes publishers wait.
//!
//! There is no task, thread or timer in it: everything happens inside the caller's own calls, under
//! one lock per destination, once per batch. So an expired drain is noticed at the next call that
//! touches the group: a publish, a settlement, or a poll of any member.
//!
//! Reading order: `log`, `cursor`, `member`, `reading`, `group`, `state` (pure), then `topic`,
//! `publisher`, `subscription`, `provision`, `binder` (the shell that locks and wakes).

#![forbid(unsafe_code)]

mod binder;
mod cursor;
mod group;
mod limits;
mod log;
mod member;
mod provision;
mod publisher;
mod reading;
mod reporting;
mod state;
mod store;
mod subscription;
mod sync;
mod topic;
mod unrouted;
mod wakes;

pub use binder::MemoryBinder;
