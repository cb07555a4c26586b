//! One result of a stream function.

use std::fmt;

use super::error::Result;
use super::failure::Failure;
use super::token::Token;
use super::tokens::Tokens;

/// One result of a stream function, with the settlement of the messages it was made from.
///
/// Made by [`Message::map`](super::message::Message::map), `try_map`, `and_then` and `skip`. The
/// messages are settled when the stream has yielded the step and its outputs are confirmed.
#[must_use = "a step settles its message only when the stream yields it"]
pub struct Step<U> {
    tokens: Tokens,
    /// What to send, `None` for a message that is skipped.
    result: Result<Option<U>, Failure>,
}

impl<U> Step<U> {
    pub(crate) fn new(tokens: Tokens, result: Result<U>) -> Self {
        Self { tokens, result: result.map(Some).map_err(Failure::from) }
    }

    pub(crate) const fn skipped(tokens: Tokens) -> Self {
        Self { tokens, result: Ok(None) }
    }

    /// Hands over what it settles, and gives what is to be sent.
    pub(crate) fn settle(mut self, tokens: &mut Vec<Token>) -> Result<Option<U>, Failure> {
        std::mem::take(&mut self.tokens).move_to(tokens);
        std::mem::replace(&mut self.result, Ok(None))
    }
}

/// A step that failed and is dropped on its way still says why.
impl<U> Drop for Step<U> {
    fn drop(&mut self) {
        let Err(failure) = &self.result else { return };
        let mut tokens = Vec::new();
        std::mem::take(&mut self.tokens).move_to(&mut tokens);
        for token in tokens {
            token.fail(failure.clone());
        }
    }
}

impl<U: fmt::Debug> fmt::Debug for Step<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("result", &self.result).finish_non_exhaustive()
    }
}
