//! The test's end of a scripted output.

use std::sync::Arc;
use std::time::Duration;

use binder_core::{Error, Message, ProducerSpec};

use crate::script::policy::{Answer, Refusal};
use crate::script::publisher::Shared;

/// A handle on one output: decides what becomes of messages, and tells which came.
///
/// Messages are confirmed at once on the caller's thread unless something else is said. What is
/// said holds from the next message on. A clone is the same output.
#[derive(Clone, Debug)]
pub struct ScriptedOutput(pub(super) Arc<Shared>);

#[expect(
    clippy::return_self_not_must_use,
    clippy::must_use_candidate,
    reason = "the call itself sets what it says; the handle is given back for the next one"
)]
impl ScriptedOutput {
    fn answer(&self, answer: Answer) -> Self {
        self.0.change(|state| state.answer = answer);
        self.clone()
    }

    /// Confirms on the caller's thread, inside the call.
    pub fn confirm_at_once(&self) -> Self {
        self.answer(Answer::AtOnce)
    }

    /// Confirms after this time. One task for the output does it, with tokio's clock, so virtual
    /// time works; it must be bound on a tokio runtime with time enabled.
    pub fn confirm_after(&self, delay: Duration) -> Self {
        self.answer(Answer::After(delay))
    }

    /// Confirms nothing before [`confirm_held`](Self::confirm_held).
    pub fn hold_confirmations(&self) -> Self {
        self.answer(Answer::ByHand)
    }

    /// Reports every message as unknown; it counts as published.
    pub fn report_unknown(&self) -> Self {
        self.answer(Answer::Unknown)
    }

    /// Drops every completion unreported; the message counts as published.
    pub fn drop_completions(&self) -> Self {
        self.answer(Answer::Dropped)
    }

    /// Refuses the first `count` messages that match with this error, whose
    /// [`transient`](Error::transient) decides whether it is worth trying again.
    pub fn refuse(
        &self,
        count: usize,
        matches: impl Fn(&Message) -> bool + Send + 'static,
        error: impl Fn() -> Error + Send + 'static,
    ) -> Self {
        self.0.change(|state| state.refusals.push(Refusal::new(count, matches, error)));
        self.clone()
    }

    /// Takes at most this many messages that are not reported yet; 16,384 by default.
    pub fn capacity(&self, messages: usize) -> Self {
        self.0.change(|state| state.capacity = messages);
        self.clone()
    }

    /// Whether published messages are kept for [`published`](Self::published); yes by default.
    pub fn record(&self, record: bool) -> Self {
        self.0.change(|state| state.record = record);
        self.clone()
    }

    /// Takes nothing until [`release`](Self::release).
    pub fn stall(&self) {
        self.0.change(|state| state.stalled = true);
    }

    /// Ends a stall.
    pub fn release(&self) {
        self.0.change(|state| state.stalled = false);
    }

    /// Lets the next binding of this output fail with this error.
    pub fn refuse_bind(&self, error: Error) {
        self.0.change(|state| state.bind_failure = Some(error));
    }

    /// Confirms the oldest `count` messages that [`hold_confirmations`](Self::hold_confirmations)
    /// keeps, or as many as there are.
    pub fn confirm_held(&self, count: usize) {
        self.0.confirm_held(count);
    }

    /// How many messages wait for [`confirm_held`](Self::confirm_held).
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.read(|state| state.held.len())
    }

    /// What the scripted broker has accepted, in order.
    #[must_use]
    pub fn published(&self) -> Vec<Message> {
        self.0.read(|state| state.published.clone())
    }

    /// How many messages the scripted broker has accepted.
    #[must_use]
    pub fn published_count(&self) -> usize {
        self.0.read(|state| state.published_count)
    }

    /// How many messages were refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.0.read(|state| state.refused)
    }

    /// Waits until at least `count` messages were accepted.
    pub async fn published_at_least(&self, count: usize) {
        self.until(|output| output.published_count() >= count).await;
    }

    /// Waits until `holds`, asked again whenever something happens to this output.
    pub async fn until(&self, mut holds: impl FnMut(&Self) -> bool) {
        self.0.signal.until(|| holds(self)).await;
    }

    /// How many calls of `poll_publish` carried at least one message.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.0.read(|state| state.calls)
    }

    /// How many messages were taken and not reported yet.
    #[must_use]
    pub fn unreported(&self) -> usize {
        self.0.read(|state| state.unreported)
    }

    /// What it was last bound with.
    #[must_use]
    pub fn spec(&self) -> Option<ProducerSpec> {
        self.0.read(|state| state.spec.clone())
    }
}
