//! Where a stream function gets its messages from.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::message as wire;
use binder_core::{Destination, Tag};

use super::token::Token;

/// A message on its way into a stream function.
#[derive(Debug)]
pub struct Fed {
    /// The message as it came.
    pub message: wire::Message,
    /// Where it came from.
    pub destination: Destination,
    /// Its position there.
    pub tag: Tag,
    /// The attempt this is, counted from 1.
    pub attempt: u32,
    /// Its settlement.
    pub token: Token,
}

/// The runtime's side of a feed.
pub trait Source: Send + Sync {
    /// The next message; `None` when the application drains and nothing more will come.
    fn poll_fed(&self, cx: &mut Context<'_>) -> Poll<Option<Fed>>;
}

/// Hands messages to one run of a stream function.
#[derive(Clone)]
pub struct Feed(Arc<dyn Source>);

impl Feed {
    /// A feed from that source.
    #[must_use]
    pub fn new(source: Arc<dyn Source>) -> Self {
        Self(source)
    }

    /// The next message; `None` when nothing more will come.
    pub fn poll_fed(&self, cx: &mut Context<'_>) -> Poll<Option<Fed>> {
        self.0.poll_fed(cx)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}
