//! What a producer has to say: delivery reports in batches, errors, log lines.

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::error::IsError as _;
use rdkafka::producer::Producer as _;

use crate::error::Code;

/// Whether the broker has a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Persisted {
    /// It never left this process, or the broker has refused it.
    No,
    /// It was sent and not answered.
    Perhaps,
    /// The broker has it.
    Yes,
}

/// What became of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    /// The token it was produced with.
    pub(crate) token: usize,
    /// Why it failed, if it did.
    pub(crate) error: Option<Code>,
    /// Whether the broker has it.
    pub(crate) persisted: Persisted,
    /// Where it lies.
    pub(crate) partition: i32,
    /// Where it lies in the partition; negative where the broker did not say.
    pub(crate) offset: i64,
}

/// One event.
#[derive(Debug)]
pub(crate) enum Event {
    /// Nothing happened in the given time.
    Quiet,
    /// Reports were added to the batch, and their room in the producer's queue is free again.
    Reports,
    /// The client has trouble; after a fatal error it sends nothing any more.
    Error(Code, String, bool),
    /// Something that was dealt with.
    Other,
}

/// The event queue of one producer.
pub(crate) struct Events<C: rdkafka::producer::ProducerContext> {
    queue: NonNull<rd::rd_kafka_queue_t>,
    scratch: Vec<*const rd::rd_kafka_message_t>,
    producer: Arc<rdkafka::producer::BaseProducer<C>>,
}

// SAFETY: the queue may be polled from any thread; `scratch` holds pointers during a call only.
unsafe impl<C: rdkafka::producer::ProducerContext> Send for Events<C> {}

impl<C: rdkafka::producer::ProducerContext> Events<C> {
    /// The events of that producer, which nobody else may poll.
    pub(crate) fn new(producer: Arc<rdkafka::producer::BaseProducer<C>>) -> Option<Self> {
        // SAFETY: the client is alive, and `producer` keeps it so.
        let queue = unsafe { rd::rd_kafka_queue_get_main(producer.client().native_ptr()) };
        Some(Self { queue: NonNull::new(queue)?, scratch: Vec::new(), producer })
    }

    /// The producer.
    pub(crate) fn producer(&self) -> &Arc<rdkafka::producer::BaseProducer<C>> {
        &self.producer
    }

    /// Waits for one event, for `limit` at the longest.
    pub(crate) fn poll(&mut self, limit: Duration, reports: &mut Vec<Report>) -> Event {
        let limit = c_int::try_from(limit.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the queue is alive.
        let event = unsafe { rd::rd_kafka_queue_poll(self.queue.as_ptr(), limit) };
        let Some(event) = NonNull::new(event) else { return Event::Quiet };
        // SAFETY: the event is ours, each reader below is called for the type it is meant for,
        // and everything is copied out before the event is destroyed.
        unsafe {
            let seen = match rd::rd_kafka_event_type(event.as_ptr()) {
                rd::RD_KAFKA_EVENT_DR => self.reports(event, reports),
                rd::RD_KAFKA_EVENT_ERROR => error(event),
                rd::RD_KAFKA_EVENT_LOG => self.log(event),
                _ => Event::Other,
            };
            rd::rd_kafka_event_destroy(event.as_ptr());
            seen
        }
    }

    /// # Safety
    ///
    /// `event` is a delivery report.
    unsafe fn reports(
        &mut self,
        event: NonNull<rd::rd_kafka_event_t>,
        reports: &mut Vec<Report>,
    ) -> Event {
        // SAFETY: the messages belong to the event, which the caller destroys later.
        unsafe {
            let count = rd::rd_kafka_event_message_count(event.as_ptr());
            self.scratch.resize(count, ptr::null());
            let messages = self.scratch.as_mut_ptr();
            let got = rd::rd_kafka_event_message_array(event.as_ptr(), messages, count);
            reports.extend(self.scratch.drain(..).take(got).map(|message| report(&*message)));
        }
        Event::Reports
    }

    /// # Safety
    ///
    /// `event` is a log line.
    unsafe fn log(&self, event: NonNull<rd::rd_kafka_event_t>) -> Event {
        let (mut facility, mut line, mut level) = (ptr::null(), ptr::null(), 0);
        // SAFETY: all pointers are valid, and the strings live as long as the event.
        unsafe {
            let (facility, line) = (&raw mut facility, &raw mut line);
            if rd::rd_kafka_event_log(event.as_ptr(), facility, line, &raw mut level) == 0 {
                let level = if level <= 4 {
                    rdkafka::config::RDKafkaLogLevel::Warning
                } else {
                    rdkafka::config::RDKafkaLogLevel::Info
                };
                self.producer.client().context().log(level, &text(*facility), &text(*line));
            }
        }
        Event::Other
    }
}

impl<C: rdkafka::producer::ProducerContext> Drop for Events<C> {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and the client lives until after this body.
        unsafe { rd::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

impl<C: rdkafka::producer::ProducerContext> std::fmt::Debug for Events<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

/// # Safety
///
/// `event` is an error.
unsafe fn error(event: NonNull<rd::rd_kafka_event_t>) -> Event {
    // SAFETY: the caller vouches for the event; the string lives as long.
    unsafe {
        let code = rd::rd_kafka_event_error(event.as_ptr());
        let fatal = rd::rd_kafka_event_error_is_fatal(event.as_ptr()) != 0
            || code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__FATAL;
        Event::Error(code.into(), text(rd::rd_kafka_event_error_string(event.as_ptr())), fatal)
    }
}

fn report(message: &rd::rd_kafka_message_t) -> Report {
    use rd::rd_kafka_msg_status_t as Status;
    // SAFETY: the message is alive.
    let persisted = match unsafe { rd::rd_kafka_message_status(message) } {
        Status::RD_KAFKA_MSG_STATUS_NOT_PERSISTED => Persisted::No,
        Status::RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED => Persisted::Perhaps,
        Status::RD_KAFKA_MSG_STATUS_PERSISTED => Persisted::Yes,
    };
    Report {
        token: message._private.addr(),
        error: message.err.is_error().then(|| message.err.into()),
        persisted,
        partition: message.partition,
        offset: message.offset,
    }
}

/// # Safety
///
/// `text` is null or a C string.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null, and the caller vouches for the rest.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().trim().to_owned()
}
