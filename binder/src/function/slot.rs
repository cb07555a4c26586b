//! The seam between the functions of an application and the runtime that drives them.
//!
//! Everything above it is generic over the application's types, everything below it is not. A slot
//! is made once and used for every message that passes through it, so a call costs no allocation
//! here.

use std::task::{Context, Poll};

use super::call::Call;
use super::failure::Failure;
use super::feed::Feed;
use super::outputs::Outputs;
use super::token::Token;

/// Room for one call at a time of a function that is called per message.
pub trait Slot: Send {
    /// Makes the arguments and calls the function.
    ///
    /// # Errors
    ///
    /// When an argument cannot be made from the message; the function was not called then.
    fn start(&mut self, call: &Call<'_>) -> Result<(), Failure>;

    /// Polls the call; when it has returned, its outputs were added to `outputs`. What an
    /// unsuccessful call has added, the runtime takes away again.
    fn poll(&mut self, cx: &mut Context<'_>, outputs: &mut Outputs) -> Poll<Result<(), Failure>>;

    /// Drops the call, if there is one: after a deadline, a panic or a stop.
    fn clear(&mut self);
}

/// A running stream function or emitter.
pub trait Steps: Send {
    /// Polls for the next step: its outputs are added to `outputs` and the messages it settles to
    /// `tokens` (an emitter has none). `Err` fails those messages. `None` ends the stream.
    fn poll_step(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs,
        tokens: &mut Vec<Token>,
    ) -> Poll<Option<Result<(), Failure>>>;
}

/// What a registered function does, with the state of the application inside.
#[allow(missing_debug_implementations, reason = "closures over the application's types")]
pub enum Body {
    /// Called once per message.
    Calls(Box<dyn Fn() -> Box<dyn Slot> + Send + Sync>),
    /// Called once, and again when its stream has ended or panicked.
    Stream(Box<dyn Fn(Feed) -> Box<dyn Steps> + Send + Sync>),
    /// Called once, with no input.
    Emitter(Box<dyn Fn() -> Box<dyn Steps> + Send + Sync>),
}
