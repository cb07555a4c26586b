//! Messages of one destination on their way into the producer's queue.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use binder_core::publish::Reports;
use binder_core::{Completed, Destination, Message, Outbox, Outgoing, Publisher};

use crate::error::Code;
use crate::log::ClientLog;
use crate::native::{Queued, Topic};
use crate::producer::Producer;
use crate::reports::failed;
use crate::sync::lock;

/// Messages that get their tokens under one lock.
const BATCH: usize = 256;

/// A topic of the shared producer.
#[derive(Debug)]
pub(crate) struct KafkaPublisher {
    producer: Arc<Producer>,
    destination: Destination,
    outlet: usize,
    topic: Mutex<Option<(u64, Arc<Topic<ClientLog>>)>>,
}

/// How a batch ended.
enum Taken {
    All,
    /// The producer's queue is full, or the client has failed and a new one is coming.
    Full,
}

impl KafkaPublisher {
    pub(crate) fn new(producer: Arc<Producer>, destination: Destination) -> Self {
        let outlet = lock(&producer.shared().ledger).open();
        Self { producer, destination, outlet, topic: Mutex::new(None) }
    }

    /// The topic's handle at the client in use; `None` while there is none.
    fn topic(&self) -> Option<Arc<Topic<ClientLog>>> {
        let current = self.producer.shared().current();
        let client = current.client?;
        let mut topic = lock(&self.topic);
        match &*topic {
            Some((generation, topic)) if *generation == current.generation => Some(topic.clone()),
            _ => {
                let made = Arc::new(Topic::new(client, self.destination.as_str())?);
                *topic = Some((current.generation, made.clone()));
                Some(made)
            }
        }
    }

    /// Takes up to a batch from the front.
    fn take(&self, topic: &Topic<ClientLog>, outbox: &mut Outbox) -> Taken {
        let mut batch: Vec<(Message, usize)> = Vec::with_capacity(outbox.len().min(BATCH));
        {
            let mut ledger = lock(&self.producer.shared().ledger);
            for Outgoing { message, completion } in outbox.drain(..outbox.len().min(BATCH)) {
                batch.push((message, ledger.insert(self.outlet, completion)));
            }
        }
        let Queued { taken, refused } = topic.produce(&batch);
        let full = taken < batch.len();
        if full || !refused.is_empty() {
            self.untake(batch.drain(taken..), &refused, outbox);
        }
        if full { Taken::Full } else { Taken::All }
    }

    /// Puts back what did not fit, in order, and reports what can never be sent.
    #[cold]
    fn untake(
        &self,
        left: impl DoubleEndedIterator<Item = (Message, usize)>,
        refused: &[(usize, Code)],
        outbox: &mut Outbox,
    ) {
        let mut woken: Vec<Waker> = Vec::new();
        let mut reports = Reports::new();
        let mut ledger = lock(&self.producer.shared().ledger);
        for (message, token) in left.rev() {
            if let Some(completion) = ledger.take(token, &mut woken) {
                outbox.push_front(Outgoing { message, completion });
            }
        }
        let ended: Vec<_> = refused
            .iter()
            .filter_map(|(token, code)| Some((ledger.take(*token, &mut woken)?, *code)))
            .collect();
        drop(ledger);
        for (completion, code) in ended {
            let why = failed(code).at_destination(self.destination.as_str());
            completion.report_into(Completed::Refused(why), &mut reports);
        }
        drop(reports);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Takes what the producer has room for; says whether something is left.
    fn fill(&self, outbox: &mut Outbox) -> bool {
        let Some(topic) = self.topic() else { return !outbox.is_empty() };
        while !outbox.is_empty() {
            if matches!(self.take(&topic, outbox), Taken::Full) {
                return true;
            }
        }
        false
    }
}

impl Publisher for KafkaPublisher {
    fn poll_publish(&self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()> {
        if !self.fill(outbox) {
            return Poll::Ready(());
        }
        lock(&self.producer.shared().ledger).wait_for_room(cx.waker());
        // Room that came before the waker was there would wake nobody.
        if self.fill(outbox) { Poll::Pending } else { Poll::Ready(()) }
    }

    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        let flushed = lock(&self.producer.shared().ledger).is_flushed(self.outlet, cx.waker());
        if flushed { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for KafkaPublisher {
    fn drop(&mut self) {
        lock(&self.producer.shared().ledger).close(self.outlet);
    }
}
