//! One queue for all partitions of a consumer, drained in batches.

use std::collections::VecDeque;
use std::ffi::{CString, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer as _;

use super::record::Record;
use crate::bell::Bell;

/// The queue to which the partitions of one consumer are forwarded, and the records taken from it.
///
/// Polling the consumer then yields rebalances, commit results and errors only. One batch call at
/// a time is all that librdkafka allows, which `&mut self` ensures.
pub(crate) struct DataQueue<C: rdkafka::consumer::ConsumerContext> {
    queue: NonNull<rd::rd_kafka_queue_t>,
    pulled: VecDeque<NonNull<rd::rd_kafka_message_t>>,
    scratch: Vec<*mut rd::rd_kafka_message_t>,
    bell: Arc<Bell>,
    consumer: Arc<rdkafka::consumer::BaseConsumer<C>>,
}

// SAFETY: librdkafka's queues and messages may be used from any thread, one at a time; records
// are only reached through `&self` or `&mut self` of this type, which is not `Sync`.
unsafe impl<C: rdkafka::consumer::ConsumerContext> Send for DataQueue<C> {}

impl<C: rdkafka::consumer::ConsumerContext> DataQueue<C> {
    /// An empty queue, which rings the bell when the first record arrives; `None` when the
    /// library has no memory for it.
    pub(crate) fn new(
        consumer: Arc<rdkafka::consumer::BaseConsumer<C>>,
        bell: Arc<Bell>,
    ) -> Option<Self> {
        // SAFETY: the client is alive, and `consumer` keeps it so for as long as the queue.
        let queue =
            NonNull::new(unsafe { rd::rd_kafka_queue_new(consumer.client().native_ptr()) })?;
        // SAFETY: `ring` takes an `Arc<Bell>`'s pointer, which `self.bell` keeps alive until the
        // callback is unregistered in `drop`.
        unsafe {
            rd::rd_kafka_queue_cb_event_enable(
                queue.as_ptr(),
                Some(ring),
                Arc::as_ptr(&bell).cast_mut().cast(),
            );
        }
        Some(Self { queue, pulled: VecDeque::new(), scratch: Vec::new(), bell, consumer })
    }

    /// Sends the records of a partition here; before each assignment, since a revocation ends it.
    pub(crate) fn forward(&self, topic: &str, partition: u32) -> bool {
        let (Ok(topic), Ok(partition)) = (CString::new(topic), i32::try_from(partition)) else {
            return false;
        };
        let client = self.consumer.client().native_ptr();
        // SAFETY: client and name are valid; the queue got is given back below.
        let source = unsafe { rd::rd_kafka_queue_get_partition(client, topic.as_ptr(), partition) };
        let Some(source) = NonNull::new(source) else { return false };
        // SAFETY: both queues are alive; librdkafka counts its own reference to ours.
        unsafe {
            rd::rd_kafka_queue_forward(source.as_ptr(), self.queue.as_ptr());
            rd::rd_kafka_queue_destroy(source.as_ptr());
        }
        true
    }

    /// Takes up to `max` records that are there now, behind those already taken.
    pub(crate) fn pull(&mut self, max: usize) -> usize {
        self.scratch.resize(max, ptr::null_mut());
        // SAFETY: `scratch` has room for `max` pointers, and this is the only batch call.
        let got = unsafe {
            let messages = self.scratch.as_mut_ptr();
            rd::rd_kafka_consume_batch_queue(self.queue.as_ptr(), 0, messages, max)
        };
        let got = usize::try_from(got).unwrap_or(0);
        self.pulled.extend(self.scratch.drain(..).take(got).filter_map(NonNull::new));
        got
    }

    /// The oldest record taken.
    pub(crate) fn front(&self) -> Option<Record<'_>> {
        // SAFETY: it is destroyed by `pop`, `retain` and `drop`, which need `&mut self`.
        self.pulled.front().map(|message| unsafe { Record::new(*message) })
    }

    /// Gives the oldest record back to the library.
    pub(crate) fn pop(&mut self) {
        if let Some(message) = self.pulled.pop_front() {
            // SAFETY: it came from a batch call and is nobody else's.
            unsafe { rd::rd_kafka_message_destroy(message.as_ptr()) };
        }
    }

    /// Gives back the records that `keep` does not want.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Record<'_>) -> bool) {
        self.pulled.retain(|message| {
            // SAFETY: the record is alive until the line below destroys it.
            let kept = keep(&unsafe { Record::new(*message) });
            if !kept {
                // SAFETY: as in `pop`; `retain` forgets the pointer.
                unsafe { rd::rd_kafka_message_destroy(message.as_ptr()) };
            }
            kept
        });
    }
}

impl<C: rdkafka::consumer::ConsumerContext> Drop for DataQueue<C> {
    fn drop(&mut self) {
        while !self.pulled.is_empty() {
            self.pop();
        }
        // SAFETY: the queue is ours. After the first call librdkafka does not ring any more (it
        // rings under the queue's lock, which the call takes), so the bell may go; the client is
        // still alive, since `consumer` is dropped after this body.
        unsafe {
            rd::rd_kafka_queue_cb_event_enable(self.queue.as_ptr(), None, ptr::null_mut());
            rd::rd_kafka_queue_destroy(self.queue.as_ptr());
        }
    }
}

impl<C: rdkafka::consumer::ConsumerContext> std::fmt::Debug for DataQueue<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataQueue")
            .field("pulled", &self.pulled.len())
            .field("bell", &self.bell)
            .finish_non_exhaustive()
    }
}

unsafe extern "C" fn ring(_: *mut rd::rd_kafka_t, bell: *mut c_void) {
    // SAFETY: registered with the pointer of an `Arc<Bell>` that outlives the registration.
    unsafe { &*bell.cast_const().cast::<Bell>() }.ring();
}
