//! The bound half that reads, and the acker that goes with it.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use binder_core::{
    Acker, BindingName, Delivery, Error, ErrorKind, Incoming, Result, Room, Settlement,
    Subscription, Tag,
};

use crate::limits;
use crate::member::MemberId;
use crate::state::GroupId;
use crate::topic::Topic;

/// One member of a group, which leaves the group when it is closed or dropped.
#[derive(Debug)]
pub(crate) struct MemorySubscription {
    pub(crate) topic: Arc<Topic>,
    pub(crate) binding: BindingName,
    pub(crate) group: GroupId,
    pub(crate) member: MemberId,
    open: bool,
}

impl MemorySubscription {
    /// The subscription of a member that has joined.
    pub(crate) fn new(
        topic: Arc<Topic>,
        binding: BindingName,
        group: GroupId,
        member: MemberId,
    ) -> Self {
        Self { topic, binding, group, member, open: true }
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.open) {
            self.topic.with(|state, wakes| {
                state.leave(&self.group, self.member, Instant::now(), wakes);
            });
        }
    }
}

impl Subscription for MemorySubscription {
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Result<Incoming>> {
        if !self.open {
            let error = Error::new(ErrorKind::Closed, "the subscription was closed")
                .at_binder(limits::KIND)
                .at_binding(self.binding.as_str())
                .at_destination(self.topic.name.as_str());
            return Poll::Ready(Err(error));
        }
        let incoming = self.topic.with(|state, wakes| {
            state.poll(&self.group, self.member, cx.waker(), room, batch, wakes)
        });
        incoming.map_or(Poll::Pending, |incoming| Poll::Ready(Ok(incoming)))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        // Every settlement was recorded in the call that made it, so there is nothing to wait for.
        self.leave();
        Poll::Ready(Ok(()))
    }
}

impl Drop for MemorySubscription {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Records the settlements of one member.
#[derive(Debug)]
pub(crate) struct MemoryAcker {
    pub(crate) topic: Arc<Topic>,
    pub(crate) group: GroupId,
    pub(crate) member: MemberId,
}

impl Acker for MemoryAcker {
    fn settle(&self, batch: &[(Tag, Settlement)]) {
        if batch.is_empty() {
            return;
        }
        let late =
            self.topic.with(|state, wakes| state.settle(&self.group, self.member, batch, wakes));
        if late > 0 {
            tracing::debug!(
                destination = %self.topic.name,
                late,
                "settlements came after their partition was gone; it is delivered again",
            );
        }
    }
}
