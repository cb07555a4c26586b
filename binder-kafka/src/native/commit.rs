//! Commits whose result comes back.
//!
//! `rdkafka`'s asynchronous commit has no result (it registers no commit callback), and its
//! synchronous one waits as long as the session time-out. Librdkafka's commit with a reply queue
//! has neither fault.

use std::ffi::c_int;
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::IsError as _;

use crate::error::Code;

/// Starts a commit; its result is an event of the consumer and arrives at
/// [`rdkafka::consumer::ConsumerContext::commit_callback`].
///
/// # Errors
///
/// What librdkafka refuses at once.
pub(crate) fn commit_soon<C: rdkafka::consumer::ConsumerContext>(
    consumer: &rdkafka::consumer::BaseConsumer<C>,
    offsets: &rdkafka::TopicPartitionList,
) -> Result<(), Code> {
    let queue = consumer_queue(consumer).ok_or(Code::UnknownGroup)?;
    start(consumer, offsets, &queue)
}

/// Commits and waits for the result.
///
/// # Errors
///
/// The error of the commit or of its first partition that has one, and
/// [`Code::OperationTimedOut`] after `limit`.
pub(crate) fn commit_within<C: rdkafka::consumer::ConsumerContext>(
    consumer: &rdkafka::consumer::BaseConsumer<C>,
    offsets: &rdkafka::TopicPartitionList,
    limit: Duration,
) -> Result<(), Code> {
    // SAFETY: the client is alive during this call.
    let queue = unsafe { rd::rd_kafka_queue_new(consumer.client().native_ptr()) };
    let queue = Queue(NonNull::new(queue).ok_or(Code::CriticalSystemResource)?);
    start(consumer, offsets, &queue)?;
    let limit = c_int::try_from(limit.as_millis()).unwrap_or(c_int::MAX);
    // SAFETY: the queue is alive.
    let event = unsafe { rd::rd_kafka_queue_poll(queue.0.as_ptr(), limit) };
    let event = NonNull::new(event).ok_or(Code::OperationTimedOut)?;
    // SAFETY: the event is ours until it is destroyed; the list belongs to the event.
    unsafe {
        let result = outcome(
            rd::rd_kafka_event_error(event.as_ptr()),
            rd::rd_kafka_event_topic_partition_list(event.as_ptr()),
        );
        rd::rd_kafka_event_destroy(event.as_ptr());
        result
    }
}

/// How many events wait for a poll of the consumer.
pub(crate) fn waiting_events<C: rdkafka::consumer::ConsumerContext>(
    consumer: &rdkafka::consumer::BaseConsumer<C>,
) -> usize {
    // SAFETY: the queue is alive.
    consumer_queue(consumer)
        .map_or(0, |queue| unsafe { rd::rd_kafka_queue_length(queue.0.as_ptr()) })
}

/// A queue that is given back.
struct Queue(NonNull<rd::rd_kafka_queue_t>);

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: every maker of this type owns one reference and lives within its client.
        unsafe { rd::rd_kafka_queue_destroy(self.0.as_ptr()) };
    }
}

fn consumer_queue<C: rdkafka::consumer::ConsumerContext>(
    consumer: &rdkafka::consumer::BaseConsumer<C>,
) -> Option<Queue> {
    // SAFETY: the client is alive during the borrow, which is longer than the queue is kept.
    let queue = unsafe { rd::rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
    NonNull::new(queue).map(Queue)
}

fn start<C: rdkafka::consumer::ConsumerContext>(
    consumer: &rdkafka::consumer::BaseConsumer<C>,
    offsets: &rdkafka::TopicPartitionList,
    replies: &Queue,
) -> Result<(), Code> {
    // SAFETY: all three are alive; the list is copied, and no callback is given.
    let started = unsafe {
        rd::rd_kafka_commit_queue(
            consumer.client().native_ptr(),
            offsets.ptr(),
            replies.0.as_ptr(),
            None,
            ptr::null_mut(),
        )
    };
    if started.is_error() { Err(started.into()) } else { Ok(()) }
}

/// # Safety
///
/// `offsets` is null or a list that nobody writes to during the call.
unsafe fn outcome(
    error: rd::rd_kafka_resp_err_t,
    offsets: *const rd::rd_kafka_topic_partition_list_t,
) -> Result<(), Code> {
    if error.is_error() {
        return Err(error.into());
    }
    // SAFETY: the caller vouches for the list, whose `cnt` elements start at `elems`.
    let Some(list) = (unsafe { offsets.as_ref() }) else { return Ok(()) };
    for index in 0..usize::try_from(list.cnt).unwrap_or(0) {
        // SAFETY: as above.
        let error = unsafe { (*list.elems.add(index)).err };
        if error.is_error() {
            return Err(error.into());
        }
    }
    Ok(())
}
