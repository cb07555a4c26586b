//! Payload and key alone, many messages in one call.

use std::ffi::c_int;
use std::ptr;

use binder_core::Message;
use bytes::Bytes;
use rdkafka::bindings as rd;
use rdkafka::error::IsError as _;

use crate::error::Code;
use crate::headers::outbound;

/// Whether there is nothing beside payload and key, which is what the call can carry.
pub(super) fn is_plain(message: &Message) -> bool {
    message.timestamp.is_none() && outbound(message).next().is_none()
}

/// Queues plain messages and says of each whether it was. Behind one for which there is no room or
/// no client librdkafka takes none, so nothing is overtaken.
///
/// # Safety
///
/// The topic's handle is alive.
pub(super) unsafe fn produce(
    topic: *mut rd::rd_kafka_topic_t,
    batch: &[(Message, usize)],
) -> impl Iterator<Item = Result<(), Code>> + use<> {
    let mut messages: Vec<_> = batch.iter().map(|(message, token)| raw(message, *token)).collect();
    let (anywhere, count) = (-1, c_int::try_from(messages.len()).unwrap_or(c_int::MAX));
    // SAFETY: payloads and keys are copied during the call, which is what the flag asks for.
    unsafe {
        let copy = rd::RD_KAFKA_MSG_F_COPY;
        rd::rd_kafka_produce_batch(topic, anywhere, copy, messages.as_mut_ptr(), count);
    }
    messages.into_iter().map(
        |message| {
            if message.err.is_error() { Err(message.err.into()) } else { Ok(()) }
        },
    )
}

fn raw(message: &Message, token: usize) -> rd::rd_kafka_message_t {
    let part = |bytes: Option<&Bytes>| bytes.map_or((ptr::null(), 0), |b| (b.as_ptr(), b.len()));
    let (payload, len) = part(message.payload.as_ref());
    let (key, key_len) = part(message.key.as_ref());
    // SAFETY: zero is a valid value of every field: null, 0 or "no error".
    let mut raw: rd::rd_kafka_message_t = unsafe { std::mem::zeroed() };
    (raw.payload, raw.len) = (payload.cast_mut().cast(), len);
    (raw.key, raw.key_len) = (key.cast_mut().cast(), key_len);
    raw._private = ptr::without_provenance_mut(token);
    raw
}
