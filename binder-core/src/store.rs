//! Reading dead letters back: a power that a binder may have, [`Capabilities::dead_letter_store`].
//!
//! [`Capabilities::dead_letter_store`]: crate::Capabilities::dead_letter_store

use std::future::ready;
use std::sync::Arc;

use crate::binder::{BoxFuture, Publisher, Room};
use crate::delivery::{Delivery, Tag};
use crate::error::Result;
use crate::spec::{ConsumerSpec, DeadLetterSpec};

/// The dead-letter stores of a messaging system: what was sent to a dead-letter destination and
/// nobody has read.
///
/// # Obligations
///
/// The binder creates nothing by opening, and keeps what the `connect` time of a specification
/// says. What it opens ends with what the store held at that moment: what comes later is the next
/// reader's, so a reader that sends back what it reads comes to an end.
///
/// The framework opens a store to look at it as well as to empty it.
pub trait DeadLetterStore: Send + Sync {
    /// Opens a store; `None` where there is none, because nothing was provisioned yet.
    fn open<'a>(
        &'a self,
        spec: &'a DeadLetterSpec,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Letters>>>>;

    /// Binds what reaches the group of an input: that group alone where groups have queues of their
    /// own; on a log the destination, where other groups pass over a message that names another.
    fn bind_group<'a>(
        &'a self,
        input: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>>;
}

/// What a dead-letter store held when it was opened, oldest first as far as the store has an order.
///
/// # Obligations
///
/// The binder settles nothing by itself: a letter that is not settled is still in the store for the
/// next reader, unchanged and where it stood, once this is closed, or soon after it was dropped. It holds a bounded
/// part of the store in memory.
///
/// The framework settles a letter once at the most, and only after what it became is confirmed.
/// Where letters do not [keep their places](Self::keeps_places) it settles every letter that it
/// read before one that it settles, or accepts that those behind come again.
pub trait Letters: Send {
    /// The next letters, at most `room`, though one of any size; none when everything was read.
    fn next(&mut self, room: Room) -> BoxFuture<'_, Result<Vec<Delivery>>>;

    /// Takes letters out of the store; ready when that is recorded, or on its way behind which
    /// [`close`](Self::close) waits.
    fn settle<'a>(&'a mut self, letters: &'a [Tag]) -> BoxFuture<'a, Result<()>>;

    /// How many letters the store held when it was opened, as far as the system can tell: gaps of a
    /// log are counted.
    fn held(&self) -> u64 {
        0
    }

    /// Whether a letter that is not settled keeps its place although letters behind it are settled.
    /// A log knows one position below which everything is settled, so there it does not.
    fn keeps_places(&self) -> bool {
        false
    }

    /// Gives back what is not settled; ready when the next reader finds it.
    #[must_use = "it happens while the future is polled"]
    fn close(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(ready(Ok(())))
    }
}
