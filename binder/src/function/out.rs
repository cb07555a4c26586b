//! An output with more than a payload.

use binder_core::Headers;
use binder_core::message as wire;
use bytes::Bytes;

use super::encode::{Encoded, Sendable};
use super::failure::Failure;
use super::outputs::Outputs;

/// An output with a key, headers or a content type of its own.
///
/// Texts that are `'static` cost no allocation.
///
/// ```
/// use binder::prelude::*;
///
/// let out = Out::new(3).key("customer-7").header("origin", format!("shop-{}", 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Out<T> {
    payload: T,
    key: Option<Bytes>,
    headers: Headers,
    content_type: Option<Bytes>,
}

impl<T> Out<T> {
    /// An output with a payload and nothing else.
    #[must_use]
    pub const fn new(payload: T) -> Self {
        Self { payload, key: None, headers: Headers::new(), content_type: None }
    }

    /// With that key, which decides the partition.
    #[must_use]
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With one more header, which takes the place of an inherited one of that name.
    #[must_use]
    pub fn header(mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.headers.push(name, Some(value.into()));
        self
    }

    /// With that content type; without, it is `application/json`, or `application/octet-stream`
    /// for [`Bytes`].
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<Bytes>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// What it says.
    #[must_use]
    pub const fn payload(&self) -> &T {
        &self.payload
    }
}

impl<T: Sendable> Out<T> {
    /// Adds it to `outputs` for the output of that index.
    pub(crate) fn send(self, output: usize, outputs: &mut Outputs) -> Result<(), Failure> {
        let Encoded { payload, content_type } = self.payload.encode(outputs)?;
        let key = self.key.map(|key| outputs.keep(key));
        let message = wire::Message {
            payload: Some(payload),
            key,
            headers: self.headers,
            content_type: self.content_type.or(content_type),
            ..wire::Message::default()
        };
        outputs.push(output, message);
        Ok(())
    }
}
