//! What a stream function owes for one message.

use std::fmt;
use std::sync::Arc;

use super::failure::{Class, Failure};

/// Is told of messages that a stream function did not turn into a step.
pub trait Owner: Send + Sync {
    /// The message failed before or inside the function.
    fn failed(&self, id: u64, failure: Failure);
}

/// The settlement of one message, carried from `Message<T>` to `Step<U>`.
///
/// Dropped on the way it is a failed attempt, cause `dropped`.
pub struct Token {
    id: u64,
    owner: Option<Arc<dyn Owner>>,
}

impl Token {
    /// A token that `owner` knows as `id`.
    #[must_use]
    pub fn new(id: u64, owner: Arc<dyn Owner>) -> Self {
        Self { id, owner: Some(owner) }
    }

    /// Gives the id to the runtime, which settles it from here on.
    #[must_use]
    pub fn into_id(mut self) -> u64 {
        self.owner = None;
        self.id
    }

    /// Fails the message.
    pub fn fail(mut self, failure: Failure) {
        if let Some(owner) = self.owner.take() {
            owner.failed(self.id, failure);
        }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(owner) = self.owner.take() {
            let why = "the message was dropped without a step";
            owner.failed(self.id, Failure::new(Class::Dropped, why));
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("id", &self.id).finish_non_exhaustive()
    }
}
