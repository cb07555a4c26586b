//! The calls into librdkafka which `rdkafka` does not offer, behind safe types.
//!
//! `rdkafka` hands out one event per message; here records come and go in batches. Rules that
//! every type keeps, and that make it sound:
//!
//! - a type which points into a client owns an [`Arc`](std::sync::Arc) of that client and gives
//!   up its pointers before the `Arc` (librdkafka waits for ever on destroying a client that
//!   somebody still points into);
//! - a record is borrowed from the queue that owns it and cannot outlive it;
//! - what librdkafka calls back is `Send + Sync`, owned by the type that registered it, and
//!   unregistered before it is dropped.

#![allow(unsafe_code)]

mod commit;
mod data_queue;
mod events;
mod plain;
mod record;
mod single;
#[cfg(test)]
mod tests;
mod topic;

pub(crate) use commit::{commit_soon, commit_within, waiting_events};
pub(crate) use data_queue::DataQueue;
pub(crate) use events::{Event, Events, Persisted, Report};
pub(crate) use record::{HeaderList, Record};
pub(crate) use topic::{Queued, Topic};

/// Makes a producer fail for good, as a broken sequence would.
#[cfg(test)]
pub(crate) fn fail<C: rdkafka::producer::ProducerContext>(
    producer: &rdkafka::producer::BaseProducer<C>,
) {
    use rdkafka::bindings as rd;
    use rdkafka::producer::Producer as _;
    let error = rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    // SAFETY: the client is alive, and the reason a C string.
    unsafe {
        rd::rd_kafka_test_fatal_error(producer.client().native_ptr(), error, c"test".as_ptr());
    }
}
