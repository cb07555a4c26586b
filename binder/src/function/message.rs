//! A message as functions see it.

use std::borrow::Cow;
use std::fmt;

use binder_core::Headers;
use bytes::Bytes;

use super::call::Call;
use super::error::Result;
use super::feed::Fed;
use super::position::Position;
use super::step::Step;
use super::tokens::Tokens;

/// A payload with headers, key, id and place.
///
/// In a stream function it owns its settlement: it has to become a [`Step`] that the stream
/// yields. Dropped before, it counts as a failed attempt.
pub struct Message<T> {
    payload: T,
    origin: Origin,
    tokens: Tokens,
}

/// Everything about a message but its payload and its settlement.
#[derive(Debug, Default)]
struct Origin {
    headers: Headers,
    key: Option<Bytes>,
    id: Option<Bytes>,
    position: Option<Position>,
    attempt: u32,
}

impl<T> Message<T> {
    /// A message that has come from nowhere, as a test needs it.
    #[must_use]
    pub fn new(payload: T) -> Self {
        let origin = Origin { attempt: 1, ..Origin::default() };
        Self { payload, origin, tokens: Tokens::None }
    }

    /// The same message with this key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Bytes>) -> Self {
        self.origin.key = Some(key.into());
        self
    }

    /// The same message with one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.origin.headers.push(name, Some(value.into()));
        self
    }

    pub(crate) fn of_call(payload: T, call: &Call<'_>) -> Self {
        let origin = Origin {
            headers: call.message.headers.clone(),
            key: call.message.key.clone(),
            id: call.message.id.clone(),
            position: Some(Position::new(call.destination.clone(), call.tag)),
            attempt: call.attempt,
        };
        Self { payload, origin, tokens: Tokens::None }
    }

    pub(crate) fn of_feed(payload: T, fed: Fed) -> Self {
        let Fed { message, destination, tag, attempt, token } = fed;
        let origin = Origin {
            headers: message.headers,
            key: message.key,
            id: message.id,
            position: Some(Position::new(destination, tag)),
            attempt,
        };
        Self { payload, origin, tokens: Tokens::One(token) }
    }

    /// What it says.
    #[must_use]
    pub const fn payload(&self) -> &T {
        &self.payload
    }

    /// What it says, by value. A stream function that needs the settlement too calls
    /// [`map`](Self::map).
    #[must_use]
    pub fn into_payload(self) -> T {
        self.payload
    }

    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.origin.headers
    }

    /// Its key, if it has one.
    #[must_use]
    pub fn key(&self) -> Option<&Bytes> {
        self.origin.key.as_ref()
    }

    /// The id its sender gave it, otherwise its position as text, which redelivery keeps.
    #[must_use]
    pub fn id(&self) -> Cow<'_, str> {
        match (&self.origin.id, &self.origin.position) {
            (Some(id), _) => String::from_utf8_lossy(id),
            (None, Some(position)) => Cow::Owned(position.to_string()),
            (None, None) => Cow::Borrowed(""),
        }
    }

    /// Which attempt at it this is, counted from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.origin.attempt
    }

    /// Where it stands; `None` for one that a test has made.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.origin.position.as_ref()
    }

    /// Makes one message of many, which are settled together. Headers, key, id and position are
    /// those of the first.
    #[must_use]
    pub fn join(messages: Vec<Self>) -> Message<Vec<T>> {
        let mut origin = None;
        let mut tokens = Tokens::None;
        let mut payloads = Vec::with_capacity(messages.len());
        for message in messages {
            payloads.push(message.payload);
            tokens.join(message.tokens);
            origin.get_or_insert(message.origin);
        }
        Message { payload: payloads, origin: origin.unwrap_or_default(), tokens }
    }
}

/// In a stream function.
impl<T> Message<T> {
    /// A step that sends what `f` makes of the payload.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Step<U> {
        Step::new(self.tokens, Ok(f(self.payload)))
    }

    /// A step that sends what `f` makes of the payload, or fails the message.
    pub fn try_map<U>(self, f: impl FnOnce(T) -> Result<U>) -> Step<U> {
        Step::new(self.tokens, f(self.payload))
    }

    /// The same with an async function: a future of the step, for `then` or `buffer_unordered`.
    pub async fn and_then<U, F, Fut>(self, f: F) -> Step<U>
    where
        F: FnOnce(T) -> Fut,
        Fut: Future<Output = Result<U>>,
    {
        let Self { payload, tokens, .. } = self;
        let result = f(payload).await;
        Step::new(tokens, result)
    }

    /// A step that sends nothing: the message is done with.
    pub fn skip<U>(self) -> Step<U> {
        Step::skipped(self.tokens)
    }
}

impl<T: fmt::Debug> fmt::Debug for Message<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("payload", &self.payload)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
