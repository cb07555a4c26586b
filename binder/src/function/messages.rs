//! The messages of a stream function.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use binder_core::message as wire;
use futures::Stream;
use futures::stream::FusedStream;

use super::decode::Readable;
use super::failure::Failure;
use super::feed::Feed;
use super::message::Message;

/// The messages of an input, as the one parameter of a stream function.
///
/// It ends when the application drains. What cannot be decoded is not seen here: it goes to the
/// dead letters.
pub struct Messages<T> {
    feed: Option<Feed>,
    /// So that only making it asks for a readable `T`: a mistake is then reported once, there.
    read: fn(&wire::Message) -> Result<T, Failure>,
}

impl<T: Readable> Messages<T> {
    /// The messages of that feed.
    #[must_use]
    pub const fn new(feed: Feed) -> Self {
        Self { feed: Some(feed), read: T::read }
    }
}

/// The first parameter of a stream function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the messages of a stream function",
    label = "the first parameter is `Messages<T>` or `impl Stream<Item = Message<T>>`"
)]
pub trait FromFeed {
    /// The messages of that feed.
    fn from_feed(feed: Feed) -> Self;
}

impl<T: Readable> FromFeed for Messages<T> {
    fn from_feed(feed: Feed) -> Self {
        Self::new(feed)
    }
}

impl<T> Stream for Messages<T> {
    type Item = Message<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message<T>>> {
        let Self { feed: source, read } = &mut *self;
        while let Some(feed) = source {
            let Some(fed) = ready!(feed.poll_fed(cx)) else {
                *source = None;
                break;
            };
            match read(&fed.message) {
                Ok(payload) => return Poll::Ready(Some(Message::of_feed(payload, fed))),
                Err(failure) => fed.token.fail(failure),
            }
        }
        Poll::Ready(None)
    }
}

impl<T> FusedStream for Messages<T> {
    fn is_terminated(&self) -> bool {
        self.feed.is_none()
    }
}

impl<T> fmt::Debug for Messages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("feed", &self.feed).finish_non_exhaustive()
    }
}
