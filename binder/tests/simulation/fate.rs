//! What is to become of a message.

use crate::dice::Dice;

/// Decided by the seed and the message's id, so that every process agrees.
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
    pub(crate) fn of(seed: u64, id: usize) -> Self {
        match Dice::new(seed ^ ((id as u64 + 1) << 40)).roll(32) {
            0 => Self::Silent,
            1..=3 => Self::FailsOnce,
            4..=5 => Self::PanicsOnce,
            6 => Self::Fails,
            7 => Self::Permanent,
            8 => Self::Panics,
            9 => Self::Broken,
            10 => Self::Unsendable,
            11..=16 => Self::Slow,
            _ => Self::Good,
        }
    }

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

    /// How often one delivery of it may be given to a function, of three attempts.
    pub(crate) const fn calls(self) -> usize {
        match self {
            Self::Broken => 0,
            Self::FailsOnce | Self::PanicsOnce => 2,
            Self::Fails | Self::Panics => 3,
            _ => 1,
        }
    }
}
