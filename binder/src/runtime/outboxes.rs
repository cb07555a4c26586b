//! Messages on their way to several publishers.

#[cfg(feature = "fault-hooks")]
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::{Completed, Completion, Completions, Message, Outbox, Outgoing, Publisher};

/// How many messages share one [`Relay`].
const SHARE: u32 = 512;

/// Passes reports on.
///
/// A task takes a reference for each message, the publisher's thread gives it back with the report.
/// With one count for all of them its cache line would go to and fro between the two; these counts
/// are left alone by the task before the first report comes.
struct Relay(Arc<dyn Completions>);

impl Completions for Relay {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        self.0.complete(batch);
    }
}

/// One outbox per publisher.
pub(crate) struct Outboxes {
    /// Whom to tell what became of the messages.
    completions: Arc<dyn Completions>,
    relay: Arc<Relay>,
    /// How many more messages may share the relay.
    share: u32,
    publishers: Vec<Arc<dyn Publisher>>,
    boxes: Vec<Outbox>,
    /// A publisher was full when it was last asked.
    stuck: bool,
    #[cfg(feature = "fault-hooks")]
    hold: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
}

impl Outboxes {
    pub(crate) fn new(
        publishers: Vec<Arc<dyn Publisher>>,
        completions: Arc<dyn Completions>,
    ) -> Self {
        let boxes = publishers.iter().map(|_| Outbox::new()).collect();
        Self {
            relay: Arc::new(Relay(completions.clone())),
            share: SHARE,
            completions,
            publishers,
            boxes,
            stuck: false,
            #[cfg(feature = "fault-hooks")]
            hold: None,
        }
    }

    /// Puts a message behind the others for that publisher; it is reported under that token.
    pub(crate) fn push(&mut self, output: usize, token: u64, message: Message) {
        if self.share == 0 {
            self.relay = Arc::new(Relay(self.completions.clone()));
            self.share = SHARE;
        }
        self.share -= 1;
        let completion = Completion::new(token, self.relay.clone());
        if let Some(outbox) = self.boxes.get_mut(output) {
            outbox.push_back(Outgoing { message, completion });
        }
    }

    /// Whether no message waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.boxes.iter().all(Outbox::is_empty)
    }

    /// Ready when every message stands in its publisher's queue.
    pub(crate) fn poll_publish(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        #[cfg(feature = "fault-hooks")]
        std::task::ready!(self.poll_hold(cx));
        let mut ready = Poll::Ready(());
        for (publisher, outbox) in self.publishers.iter().zip(&mut self.boxes) {
            if !outbox.is_empty() && publisher.poll_publish(cx, outbox).is_pending() {
                ready = Poll::Pending;
            }
        }
        self.stuck = ready.is_pending();
        ready
    }

    /// Whether messages stand here because a publisher was full.
    pub(crate) const fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// Takes back what stands here for the first `outputs` publishers: its tokens, in order for
    /// each of them.
    pub(crate) fn take_back(&mut self, outputs: usize) -> impl Iterator<Item = u64> {
        let boxes = self.boxes.iter_mut().take(outputs);
        boxes.flat_map(|outbox| outbox.drain(..)).map(|outgoing| outgoing.completion.take_back())
    }

    /// Ready when what stands in the outboxes has been held for as long as the kill test says.
    #[cfg(feature = "fault-hooks")]
    fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(hold) = super::hooks::hold() else { return Poll::Ready(()) };
        if self.is_empty() {
            return Poll::Ready(());
        }
        let timer = self.hold.get_or_insert_with(|| Box::pin(tokio::time::sleep(hold)));
        std::task::ready!(timer.as_mut().poll(cx));
        self.hold = None;
        Poll::Ready(())
    }
}
