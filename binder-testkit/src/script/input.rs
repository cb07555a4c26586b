//! The test's end of a scripted input.

use std::sync::Arc;

use binder_core::{ConsumerSpec, Error, Message, Settlement, Tag};

use crate::script::subscription::Shared;

/// A handle on one input: feeds it, takes it away, and tells what was settled.
///
/// Messages may be pushed before and after it is bound. A clone is the same input.
#[derive(Clone, Debug)]
pub struct ScriptedInput(pub(super) Arc<Shared>);

#[expect(
    clippy::return_self_not_must_use,
    clippy::must_use_candidate,
    reason = "the call itself sets what it says; the handle is given back for the next one"
)]
impl ScriptedInput {
    /// Goes round this many partitions when messages are pushed; 1 by default.
    pub fn partitions(&self, count: u32) -> Self {
        self.0.change(|state| state.feed.partitions(count));
        self.clone()
    }

    /// Delivers at most this many messages at a time; 256 by default, at least 1.
    pub fn max_batch(&self, messages: usize) -> Self {
        self.0.change(|state| state.max_batch = messages.max(1));
        self.clone()
    }

    /// Queues messages, over the partitions in turn.
    pub fn push(&self, messages: impl IntoIterator<Item = Message>) {
        self.0.change(|state| messages.into_iter().for_each(|m| state.feed.push(m, 0)));
    }

    /// Queues messages for one partition.
    pub fn push_to(&self, partition: u32, messages: impl IntoIterator<Item = Message>) {
        let partition = partition as usize;
        self.0.change(|state| {
            messages.into_iter().for_each(|m| state.feed.push_to(partition, m, 0));
        });
    }

    /// Queues a message that the broker says was tried before.
    pub fn push_tried(&self, message: Message, earlier_attempts: u32) {
        self.0.change(|state| state.feed.push(message, earlier_attempts));
    }

    /// Queues `count` messages and makes all the room they need, so that delivering and settling
    /// them allocates nothing here.
    pub fn preload(&self, count: usize, mut message: impl FnMut(usize) -> Message) {
        self.0.change(|state| {
            state.feed.reserve(count);
            (0..count).for_each(|i| state.feed.push(message(i), 0));
        });
    }

    /// Keeps [`Assigned`](binder_core::Incoming::Assigned), and with it every delivery, back until
    /// [`assign`](Self::assign).
    pub fn assigned_late(&self) -> Self {
        self.0.change(|state| state.assigned = false);
        self.clone()
    }

    /// Ends the wait of [`assigned_late`](Self::assigned_late).
    pub fn assign(&self) {
        self.0.change(|state| state.assigned = true);
    }

    /// Takes a partition away. Settlements of its epoch are taken until it is given back.
    pub fn revoke(&self, partition: u32) {
        self.0.change(|state| state.revoke(partition));
    }

    /// Gives a revoked partition back in a new epoch: what was not acknowledged comes again, and
    /// settlements of the old epoch are late.
    pub fn give_back(&self, partition: u32) {
        self.0.change(|state| state.feed.give_back(partition));
    }

    /// Ends the subscription with this error.
    pub fn fail(&self, error: Error) {
        self.0.change(|state| state.failure = Some(error));
    }

    /// Lets the next binding of this input fail with this error.
    pub fn refuse_bind(&self, error: Error) {
        self.0.change(|state| state.bind_failure = Some(error));
    }

    /// Keeps closing pending until it is called with `false`.
    pub fn stall_close(&self, stalled: bool) {
        self.0.change(|state| state.close_stalled = stalled);
    }

    /// Every settlement that was in time, in order.
    #[must_use]
    pub fn settlements(&self) -> Vec<(Tag, Settlement)> {
        self.0.read(|state| state.feed.settlements().to_vec())
    }

    /// How many settlements were in time, acknowledged and released together.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.0.read(|state| state.feed.settlements().len())
    }

    /// How many settlements came too late: of an old epoch, after closing, or a second time.
    #[must_use]
    pub fn late(&self) -> usize {
        self.0.read(|state| state.feed.late())
    }

    /// Waits until at least `count` settlements were in time.
    pub async fn settled_at_least(&self, count: usize) {
        self.until(|input| input.settled() >= count).await;
    }

    /// Waits until `holds`, asked again whenever something happens to this input.
    pub async fn until(&self, mut holds: impl FnMut(&Self) -> bool) {
        self.0.signal.until(|| holds(self)).await;
    }

    /// The first sequence of a partition below which everything is acknowledged.
    #[must_use]
    pub fn committed(&self, partition: u32) -> u64 {
        self.0.read(|state| state.feed.committed(partition))
    }

    /// How many messages are delivered and not settled now.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.0.read(|state| state.feed.unsettled())
    }

    /// The most that were ever delivered and not settled.
    #[must_use]
    pub fn max_unsettled(&self) -> usize {
        self.0.read(|state| state.feed.max_unsettled())
    }

    /// How many calls of `poll_next` returned at least one message.
    #[must_use]
    pub fn calls_with_deliveries(&self) -> usize {
        self.0.read(|state| state.calls_with_deliveries)
    }

    /// How many calls of [`Acker::settle`](binder_core::Acker::settle) carried at least one
    /// settlement.
    #[must_use]
    pub fn calls_with_settlements(&self) -> usize {
        self.0.read(|state| state.calls_with_settlements)
    }

    /// Whether it is bound now.
    #[must_use]
    pub fn bound(&self) -> bool {
        self.0.read(|state| state.bound)
    }

    /// Whether the last subscription was closed, not merely dropped.
    #[must_use]
    pub fn closed(&self) -> bool {
        self.0.read(|state| state.closed)
    }

    /// What it was last bound with.
    #[must_use]
    pub fn spec(&self) -> Option<ConsumerSpec> {
        self.0.read(|state| state.spec.clone())
    }
}
