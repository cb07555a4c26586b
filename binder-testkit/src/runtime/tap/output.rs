//! The writing half: what is published, and when it is confirmed.

use std::collections::BTreeMap;
use std::iter;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use binder_core::{
    Completed, Completion, Completions, Error, ErrorKind, Outbox, Outgoing, Publisher,
};

use crate::contract::compare::text;
use crate::runtime::tap::log::{Log, Refusal};
use crate::signal::lock;

pub(super) struct TappedPublisher {
    publisher: Arc<dyn Publisher>,
    passing: Arc<Passing>,
}

/// Messages that the binder has taken and not yet reported.
struct Passing {
    log: Arc<Log>,
    destination: String,
    next: AtomicU64,
    taken: Mutex<BTreeMap<u64, (Completion, String)>>,
}

impl TappedPublisher {
    pub(super) fn new(publisher: Arc<dyn Publisher>, log: Arc<Log>, destination: String) -> Self {
        let (next, taken) = (AtomicU64::new(0), Mutex::default());
        Self { publisher, passing: Arc::new(Passing { log, destination, next, taken }) }
    }

    /// Offers the binder one message; gives it back, as it was, if that is full.
    fn offer(&self, cx: &mut Context<'_>, outgoing: Outgoing) -> Option<Outgoing> {
        let passing = &self.passing;
        let Outgoing { message, completion } = outgoing;
        let (token, id) = (passing.next.fetch_add(1, Ordering::Relaxed), text(&message));
        lock(&passing.taken).insert(token, (completion, id));
        let completion = Completion::new(token, passing.clone());
        let mut one = Outbox::from([Outgoing { message, completion }]);
        // Pending with nothing left in the outbox has taken it all the same.
        let _ready = self.publisher.poll_publish(cx, &mut one).is_ready();
        let Outgoing { message, completion } = one.pop_front()?;
        let (completion, _) = lock(&passing.taken).remove(&completion.take_back())?;
        Some(Outgoing { message, completion })
    }
}

impl Publisher for TappedPublisher {
    fn poll_publish(&self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()> {
        let passing = &self.passing;
        while let Some(outgoing) = outbox.pop_front() {
            if let Some(why) = passing.log.refusal(&passing.destination) {
                refuse(outgoing, outbox, why);
            } else if let Some(outgoing) = self.offer(cx, outgoing) {
                outbox.push_front(outgoing);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.publisher.poll_flush(cx)
    }
}

/// Refuses a message, and for the time being what stands behind it.
fn refuse(first: Outgoing, behind: &mut Outbox, why: Refusal) {
    let transient = why == Refusal::Transient;
    let behind = behind.drain(..if transient { behind.len() } else { 0 });
    for outgoing in iter::once(first).chain(behind) {
        let error = Error::new(ErrorKind::Publish, "refused on purpose").transient(transient);
        outgoing.completion.report(Completed::Refused(error));
    }
}

impl Completions for Passing {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        for (token, what) in batch.drain(..) {
            let Some((completion, id)) = lock(&self.taken).remove(&token) else { continue };
            self.log.reported(&self.destination, id, completion, what);
        }
    }
}
