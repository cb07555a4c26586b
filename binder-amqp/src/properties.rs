//! What stands in AMQP's properties and what in a message's own fields.
//!
//! | On the wire | In a message |
//! |---|---|
//! | property `content_type`, always written | `content_type`; the default where none is set |
//! | property `message_id`, always written | `id`; one of the binder's own where none is set |
//! | property `timestamp`, always written, whole seconds | `timestamp`; the time of sending where none is set |
//! | property `delivery_mode` 2 | persistent, always |
//! | header [`KEY_HEADER`] | `key`, where there is one |
//! | header [`NULL_PAYLOAD_HEADER`] and an empty body | `payload` is `None` |
//! | every other header | `headers` |
//!
//! A header is written as AMQP's long string, byte for byte; a null value as void. AMQP's table has
//! each name once and no order: the values of a repeated name are written as one array and read
//! back as repeated headers, and headers are read in the order of their names. Other types (of
//! Spring applications, of the broker) are read as text: numbers in decimal, booleans as `true` and
//! `false`, times in seconds, nested tables and arrays of them as JSON.

mod text;

use binder_core::message::DEFAULT_CONTENT_TYPE;
use binder_core::{Error, ErrorKind, Headers, Message, Result};
use bytes::Bytes;
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};

/// The header that carries a message's key.
pub const KEY_HEADER: &str = "x-message-key";
/// The header, a boolean, that tells a null payload (a tombstone) from an empty one.
pub const NULL_PAYLOAD_HEADER: &str = "x-null-payload";

/// How often the broker has delivered a message before, where it counts (quorum queues).
const DELIVERY_COUNT: &str = "x-delivery-count";
const PERSISTENT: u8 = 2;
/// What a header frame holds beside the properties counted here, rounded up.
const FRAME_OVERHEAD: usize = 128;

/// What of a message stands beside its body.
pub(crate) struct Outbound {
    pub(crate) properties: lapin::BasicProperties,
    pub(crate) id: ShortString,
}

/// The properties of a message to send. `fallback_id` and `now`, in seconds, are for one without.
///
/// # Errors
///
/// A permanent one when the message has what AMQP cannot carry: an id, a content type or a header
/// name that is no text of at most 255 bytes, or headers larger than a frame.
pub(crate) fn outbound(
    message: &Message,
    fallback_id: impl FnOnce() -> String,
    now: u64,
    frame_max: usize,
) -> Result<Outbound> {
    let id = match &message.id {
        Some(id) => text(id, "message id")?,
        None => ShortString::from(fallback_id()),
    };
    let content_type = match &message.content_type {
        Some(content_type) => text(content_type, "content type")?,
        None => ShortString::from(DEFAULT_CONTENT_TYPE),
    };
    // Each value may be wrapped in an array of its own, which costs a type and a length more.
    let headers = message.headers.size() + message.headers.len() * 16;
    if headers + message.key.as_ref().map_or(0, Bytes::len) + FRAME_OVERHEAD + 512 > frame_max {
        let text = format!("its headers do not fit a frame of {frame_max} bytes");
        return Err(Error::new(ErrorKind::TooLarge, text));
    }
    let sent = message.timestamp.and_then(|millis| u64::try_from(millis / 1_000).ok());
    let properties = lapin::BasicProperties::default()
        .with_content_type(content_type)
        .with_delivery_mode(PERSISTENT)
        .with_message_id(id.clone())
        .with_timestamp(sent.unwrap_or(now));
    let table = table(message)?;
    let properties =
        if table.inner().is_empty() { properties } else { properties.with_headers(table) };
    Ok(Outbound { properties, id })
}

fn table(message: &Message) -> Result<FieldTable> {
    let mut table = FieldTable::default();
    for (index, (name, value)) in message.headers.iter().enumerate() {
        if is_ours(name) || earlier(&message.headers, index, name) {
            continue;
        }
        let mut values = later(&message.headers, index, name).peekable();
        let value = if values.peek().is_none() {
            wire(value)
        } else {
            let all: Vec<_> = std::iter::once(value).chain(values).map(wire).collect();
            AMQPValue::FieldArray(all.into())
        };
        table.insert(text(name, "header name")?, value);
    }
    if let Some(key) = &message.key {
        table.insert(KEY_HEADER.into(), AMQPValue::LongString(LongString::from(&key[..])));
    }
    if message.payload.is_none() {
        table.insert(NULL_PAYLOAD_HEADER.into(), AMQPValue::Boolean(true));
    }
    Ok(table)
}

/// Headers that stand for something else: one of an application would be taken for it.
fn is_ours(name: &[u8]) -> bool {
    [KEY_HEADER, NULL_PAYLOAD_HEADER, DELIVERY_COUNT].iter().any(|ours| ours.as_bytes() == name)
}

/// Whether the name stands before `index`.
fn earlier(headers: &Headers, index: usize, name: &[u8]) -> bool {
    headers.iter().take(index).any(|(other, _)| other == name)
}

/// The values of the name behind `index`.
fn later<'a>(
    headers: &'a Headers,
    index: usize,
    name: &'a [u8],
) -> impl Iterator<Item = Option<&'a Bytes>> {
    headers.iter().skip(index + 1).filter(move |(other, _)| *other == name).map(|(_, value)| value)
}

fn wire(value: Option<&Bytes>) -> AMQPValue {
    value.map_or(AMQPValue::Void, |value| AMQPValue::LongString(LongString::from(&value[..])))
}

fn text(bytes: &[u8], what: &str) -> Result<ShortString> {
    let text = std::str::from_utf8(bytes).ok();
    text.and_then(|text| ShortString::try_new(text).ok()).ok_or_else(|| {
        let text = format!("its {what} is no text of at most 255 bytes, which AMQP asks for");
        Error::new(ErrorKind::Publish, text).transient(false)
    })
}

/// A message that came, and how often it was delivered before, as far as the broker counts.
pub(crate) fn inbound(properties: &lapin::BasicProperties, body: Vec<u8>) -> (Message, u32) {
    let mut earlier = 0;
    let mut message = Message {
        payload: Some(body.into()),
        key: None,
        headers: Headers::new(),
        id: properties.message_id().as_ref().map(bytes_of),
        content_type: properties.content_type().as_ref().map(bytes_of),
        timestamp: (*properties.timestamp())
            .and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1_000)),
    };
    for (name, value) in properties.headers().iter().flatten() {
        match name.as_str() {
            KEY_HEADER => message.key = text::value(value),
            NULL_PAYLOAD_HEADER => {
                if matches!(value, AMQPValue::Boolean(true)) {
                    message.payload = None;
                }
            }
            DELIVERY_COUNT => earlier = text::count(value),
            _ => text::push(&mut message.headers, &bytes_of(name), value),
        }
    }
    (message, earlier)
}

fn bytes_of(text: &ShortString) -> Bytes {
    Bytes::copy_from_slice(text.as_str().as_bytes())
}

#[cfg(test)]
mod tests;
