//! What crosses to and from a broker.

use bytes::Bytes;

use crate::headers::Headers;

/// The content type a reader assumes where a message names none.
pub const DEFAULT_CONTENT_TYPE: &str = "application/json";

/// A message as bytes: payload, key, headers and the few properties that brokers know.
///
/// Cloning is cheap: the payload, the key and every header value are reference-counted slices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The payload; `None` is a null payload (a tombstone on a compacted topic).
    pub payload: Option<Bytes>,
    /// The key, which decides partition and lane.
    pub key: Option<Bytes>,
    /// Application headers, in order, repeated names and null values included.
    pub headers: Headers,
    /// The id given by whoever sent it. Where there is none, the position identifies it.
    pub id: Option<Bytes>,
    /// The media type of the payload; `None` stands for [`DEFAULT_CONTENT_TYPE`].
    pub content_type: Option<Bytes>,
    /// When it was sent, in milliseconds since the Unix epoch.
    pub timestamp: Option<i64>,
}

impl Message {
    /// A message with a payload and nothing else.
    #[must_use]
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self { payload: Some(payload.into()), ..Self::default() }
    }

    /// The same message with this key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same message with one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.headers.push(name, Some(value.into()));
        self
    }

    /// The bytes this message holds against a limit: payload, key, header names and values.
    #[must_use]
    pub fn size(&self) -> usize {
        let len = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        len(&self.payload) + len(&self.key) + self.headers.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_counts_payload_key_and_headers() {
        let message = Message::new("four").with_key("ab").with_header("n", "val");
        assert_eq!(message.size(), 4 + 2 + 1 + 3);
        assert_eq!(Message::default().size(), 0);
    }
}
