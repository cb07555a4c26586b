//! The calls into librdkafka that `rdkafka` does not offer.

#![allow(unsafe_code)]

use std::ffi::{CString, c_int};
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::bindings as rd;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::IsError;
use rdkafka::producer::{BaseProducer, Producer};

/// A queue of librdkafka.
struct Queue(NonNull<rd::rd_kafka_queue_t>);

// SAFETY: librdkafka's queues may be used from any thread.
unsafe impl Send for Queue {}
// SAFETY: as above; the batch call, which may not be made twice at once, needs `&mut Inputs`.
unsafe impl Sync for Queue {}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: this reference is ours, and the client is dropped later.
        unsafe { rd::rd_kafka_queue_destroy(self.0.as_ptr()) };
    }
}

/// Sends assigned partitions to one queue, before each assignment.
#[derive(Default)]
pub(crate) struct Forward(Mutex<Option<Arc<Queue>>>);

impl Forward {
    fn queue(&self) -> std::sync::MutexGuard<'_, Option<Arc<Queue>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the queue up: a client whose queue somebody holds is never destroyed.
    pub(crate) fn release(&self) {
        self.queue().take();
    }
}

impl ClientContext for Forward {}

impl ConsumerContext for Forward {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let queue = self.queue();
        let (Rebalance::Assign(list), Some(data)) = (rebalance, &*queue) else { return };
        for element in list.elements() {
            let Ok(topic) = CString::new(element.topic()) else { continue };
            let (client, partition) = (consumer.client().native_ptr(), element.partition());
            // SAFETY: client and name are valid; the queue that is got is given back here, and
            // librdkafka counts its own reference to the one it is forwarded to.
            unsafe {
                let source = rd::rd_kafka_queue_get_partition(client, topic.as_ptr(), partition);
                if !source.is_null() {
                    rd::rd_kafka_queue_forward(source, data.0.as_ptr());
                    rd::rd_kafka_queue_destroy(source);
                }
            }
        }
    }
}

/// A message that librdkafka holds until it is dropped.
pub(crate) struct Input(NonNull<rd::rd_kafka_message_t>);

impl Input {
    fn raw(&self) -> &rd::rd_kafka_message_t {
        // SAFETY: it lives until `drop`.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn partition(&self) -> usize {
        self.raw().partition as usize
    }

    pub(crate) fn offset(&self) -> i64 {
        self.raw().offset
    }

    pub(crate) fn payload(&self) -> Result<&[u8]> {
        let raw = self.raw();
        if raw.err.is_error() || raw.payload.is_null() {
            bail!("no payload: {:?}", raw.err);
        }
        // SAFETY: the pair describes memory that lives as long as the message.
        Ok(unsafe { std::slice::from_raw_parts(raw.payload.cast(), raw.len) })
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        // SAFETY: it came from a batch call and is nobody else's.
        unsafe { rd::rd_kafka_message_destroy(self.0.as_ptr()) };
    }
}

/// The queue of every partition.
pub(crate) struct Inputs {
    queue: Arc<Queue>,
    scratch: Vec<*mut rd::rd_kafka_message_t>,
}

impl Inputs {
    pub(crate) fn new(consumer: &BaseConsumer<Forward>, batch: usize) -> Result<Self> {
        // SAFETY: the client is alive.
        let queue = unsafe { rd::rd_kafka_queue_new(consumer.client().native_ptr()) };
        let queue = Arc::new(Queue(NonNull::new(queue).context("no queue")?));
        *consumer.client().context().queue() = Some(queue.clone());
        Ok(Self { queue, scratch: vec![ptr::null_mut(); batch] })
    }

    /// Takes a batch, or what is there after `limit`.
    pub(crate) fn take(&mut self, limit: Duration, inputs: &mut Vec<Input>) {
        let limit = c_int::try_from(limit.as_millis()).unwrap_or(c_int::MAX);
        let (scratch, size) = (self.scratch.as_mut_ptr(), self.scratch.len());
        // SAFETY: `scratch` has room for `size` pointers; `&mut self` makes this the only call.
        let got = unsafe {
            rd::rd_kafka_consume_batch_queue(self.queue.0.as_ptr(), limit, scratch, size)
        };
        let got = usize::try_from(got).unwrap_or(0);
        inputs.extend(self.scratch.iter().take(got).filter_map(|m| NonNull::new(*m)).map(Input));
    }
}

/// A topic to send to.
pub(crate) struct Topic {
    topic: NonNull<rd::rd_kafka_topic_t>,
    batch: Vec<rd::rd_kafka_message_t>,
    _producer: Arc<BaseProducer>,
}

impl Topic {
    pub(crate) fn new(producer: Arc<BaseProducer>, name: &str) -> Result<Self> {
        let name = CString::new(name)?;
        let client = producer.client().native_ptr();
        // SAFETY: client and name are valid; null means the client's own topic settings.
        let topic = unsafe { rd::rd_kafka_topic_new(client, name.as_ptr(), ptr::null_mut()) };
        let topic = NonNull::new(topic).context("no topic")?;
        Ok(Self { topic, batch: Vec::new(), _producer: producer })
    }

    /// Sends the outputs of `inputs`, each with its input's key: slices of `encoded` that end at
    /// `ends`. Reports name the inputs.
    pub(crate) fn send(
        &mut self,
        inputs: &[Input],
        encoded: &mut [u8],
        ends: &[usize],
    ) -> Result<()> {
        self.batch.clear();
        let mut start = 0;
        for (input, end) in inputs.iter().zip(ends) {
            // SAFETY: zero is a valid value of every field: null, 0 or "no error".
            let mut message: rd::rd_kafka_message_t = unsafe { std::mem::zeroed() };
            message.payload = encoded[start..*end].as_mut_ptr().cast();
            message.len = end - start;
            (message.key, message.key_len) = (input.raw().key, input.raw().key_len);
            let token = input.partition() << 48 | input.offset() as usize;
            message._private = ptr::without_provenance_mut(token);
            self.batch.push(message);
            start = *end;
        }
        let (messages, count) = (self.batch.as_mut_ptr(), self.batch.len() as c_int);
        // SAFETY: payloads and keys are copied during the call, which is what the flag asks for.
        let sent = unsafe {
            let (any, copy) = (-1, rd::RD_KAFKA_MSG_F_COPY);
            rd::rd_kafka_produce_batch(self.topic.as_ptr(), any, copy, messages, count)
        };
        if sent != count {
            let error = self.batch.iter().map(|message| message.err).find(IsError::is_error);
            bail!("{sent} of {count} were taken: {error:?}");
        }
        Ok(())
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and the client is dropped later.
        unsafe { rd::rd_kafka_topic_destroy(self.topic.as_ptr()) };
    }
}

/// The delivery reports of a producer.
pub(crate) struct Reports {
    queue: Queue,
    scratch: Vec<*const rd::rd_kafka_message_t>,
    _producer: Arc<BaseProducer>,
}

// SAFETY: `scratch` holds pointers during a call only.
unsafe impl Send for Reports {}

impl Reports {
    pub(crate) fn new(producer: Arc<BaseProducer>) -> Result<Self> {
        // SAFETY: the client is alive.
        let queue = unsafe { rd::rd_kafka_queue_get_main(producer.client().native_ptr()) };
        let queue = Queue(NonNull::new(queue).context("no queue")?);
        Ok(Self { queue, scratch: Vec::new(), _producer: producer })
    }

    /// Adds the partition and offset of each input whose output is confirmed.
    pub(crate) fn take(&mut self, limit: Duration, inputs: &mut Vec<(usize, i64)>) -> Result<()> {
        let limit = c_int::try_from(limit.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the queue is alive; the event is ours and destroyed last, and its messages are
        // not used after it.
        unsafe {
            let event = rd::rd_kafka_queue_poll(self.queue.0.as_ptr(), limit);
            if rd::rd_kafka_event_type(event) == rd::RD_KAFKA_EVENT_DR {
                let count = rd::rd_kafka_event_message_count(event);
                self.scratch.resize(count, ptr::null());
                rd::rd_kafka_event_message_array(event, self.scratch.as_mut_ptr(), count);
                for message in self.scratch.drain(..) {
                    if (*message).err.is_error() {
                        bail!("a message was not confirmed: {:?}", (*message).err);
                    }
                    let token = (*message)._private.addr();
                    inputs.push((token >> 48, (token & ((1 << 48) - 1)) as i64));
                }
            }
            if !event.is_null() {
                rd::rd_kafka_event_destroy(event);
            }
        }
        Ok(())
    }
}
