//! Messages on their way to several publishers.

#[cfg(feature = "fault-hooks")]
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::{Outbox, Outgoing, Publisher};

/// One outbox per publisher.
pub(crate) struct Outboxes {
    publishers: Vec<Arc<dyn Publisher>>,
    boxes: Vec<Outbox>,
    #[cfg(feature = "fault-hooks")]
    hold: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
}

impl Outboxes {
    pub(crate) fn new(publishers: Vec<Arc<dyn Publisher>>) -> Self {
        let boxes = publishers.iter().map(|_| Outbox::new()).collect();
        Self {
            publishers,
            boxes,
            #[cfg(feature = "fault-hooks")]
            hold: None,
        }
    }

    /// Puts a message behind the others for that publisher.
    pub(crate) fn push(&mut self, output: usize, message: Outgoing) {
        if let Some(outbox) = self.boxes.get_mut(output) {
            outbox.push_back(message);
        }
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
        ready
    }

    /// Ready when what stands in the outboxes has been held for as long as the kill test says.
    #[cfg(feature = "fault-hooks")]
    fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(hold) = super::hooks::hold() else { return Poll::Ready(()) };
        if self.boxes.iter().all(Outbox::is_empty) {
            return Poll::Ready(());
        }
        let timer = self.hold.get_or_insert_with(|| Box::pin(tokio::time::sleep(hold)));
        std::task::ready!(timer.as_mut().poll(cx));
        self.hold = None;
        Poll::Ready(())
    }
}
