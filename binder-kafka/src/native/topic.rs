//! Producing through a topic handle that is looked up once.

use std::ffi::CString;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use binder_core::Message;
use rdkafka::bindings as rd;
use rdkafka::producer::Producer as _;

use super::plain;
use super::single::Single;
use crate::error::Code;

/// A topic of a producer.
pub(crate) struct Topic<C: rdkafka::producer::ProducerContext> {
    topic: NonNull<rd::rd_kafka_topic_t>,
    producer: Arc<rdkafka::producer::BaseProducer<C>>,
}

/// What became of a batch that was to be queued.
#[derive(Debug, Default)]
pub(crate) struct Queued {
    /// So many were dealt with: queued, or refused for good.
    pub(crate) taken: usize,
    /// Those that can never be sent, by token.
    pub(crate) refused: Vec<(usize, Code)>,
}

// SAFETY: librdkafka's topic handles may be used from any thread, by several at once.
unsafe impl<C: rdkafka::producer::ProducerContext> Send for Topic<C> {}
// SAFETY: as above.
unsafe impl<C: rdkafka::producer::ProducerContext> Sync for Topic<C> {}

impl<C: rdkafka::producer::ProducerContext> Topic<C> {
    /// The handle, or `None` for a name that librdkafka does not take.
    pub(crate) fn new(
        producer: Arc<rdkafka::producer::BaseProducer<C>>,
        name: &str,
    ) -> Option<Self> {
        let name = CString::new(name).ok()?;
        let client = producer.client().native_ptr();
        // SAFETY: client and name are valid; null means the client's own topic settings.
        let topic = unsafe { rd::rd_kafka_topic_new(client, name.as_ptr(), ptr::null_mut()) };
        Some(Self { topic: NonNull::new(topic)?, producer })
    }

    /// Queues messages in order, up to the first for which there is no room or no client. What
    /// becomes of one that is queued is a [`Report`](super::Report) with its token.
    pub(crate) fn produce(&self, batch: &[(Message, usize)]) -> Queued {
        let mut queued = Queued::default();
        if batch.iter().all(|(message, _)| plain::is_plain(message)) {
            // SAFETY: the handle is alive.
            let codes = unsafe { plain::produce(self.topic.as_ptr(), batch) };
            queued.add(batch, codes);
        } else {
            let single = Single::new(self.producer.client().native_ptr(), self.topic.as_ptr());
            // SAFETY: both handles are alive.
            let codes = batch.iter().map(|(m, token)| unsafe { single.produce(m, *token) });
            queued.add(batch, codes);
        }
        queued
    }
}

impl Queued {
    /// Adds what became of the messages one by one; asks no further once there is no room: what
    /// comes later must not overtake.
    fn add(
        &mut self,
        batch: &[(Message, usize)],
        codes: impl IntoIterator<Item = Result<(), Code>>,
    ) {
        for ((_, token), queued) in batch.iter().zip(codes) {
            match queued {
                Ok(()) => {}
                Err(Code::QueueFull | Code::Fatal) => break,
                Err(code) => self.refused.push((*token, code)),
            }
            self.taken += 1;
        }
    }
}

impl<C: rdkafka::producer::ProducerContext> Drop for Topic<C> {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and the client lives until after this body.
        unsafe { rd::rd_kafka_topic_destroy(self.topic.as_ptr()) };
    }
}

impl<C: rdkafka::producer::ProducerContext> std::fmt::Debug for Topic<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Topic").finish_non_exhaustive()
    }
}
