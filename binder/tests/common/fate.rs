//! What is to become of a message.

use std::panic::resume_unwind;
use std::time::Duration;

use binder::{Error, Result};

/// Drawn from a seed and the message's id, so that every process agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Good,
    /// Takes its time.
    Slow,
    /// Has no output.
    Silent,
    FailsOnce,
    PanicsOnce,
    Fails,
    Permanent,
    Panics,
    /// Cannot be decoded.
    Broken,
    /// One of its outputs is refused for good.
    Unsendable,
}

impl Fate {
    /// It ends in the dead letters.
    pub(crate) const fn is_dead(self) -> bool {
        matches!(
            self,
            Self::Fails | Self::Permanent | Self::Panics | Self::Broken | Self::Unsendable
        )
    }

    /// Its outputs are sent.
    pub(crate) fn is_sent(self) -> bool {
        !self.is_dead() && self != Self::Silent
    }

    /// Does with the message of that id what a function would on that attempt; whether there are
    /// outputs. A good one is done at once, or after a while if it `yields`.
    pub(crate) async fn meet(self, id: u64, attempt: u32, yields: bool) -> Result<bool> {
        match self {
            Self::Silent => return Ok(false),
            // Virtual: what is slow.
            Self::Slow => tokio::time::sleep(Duration::from_millis(1 + id % 7)).await,
            Self::FailsOnce if attempt == 1 => return Err(Error::msg("once")),
            Self::Fails => return Err(Error::msg("always")),
            Self::Permanent => return Err(Error::msg("for good").permanent()),
            // Unlike `panic!`, this says nothing on standard error.
            Self::PanicsOnce if attempt == 1 => resume_unwind(Box::new("once")),
            Self::Panics => resume_unwind(Box::new("always")),
            _ if yields => tokio::task::yield_now().await,
            _ => {}
        }
        Ok(true)
    }
}
