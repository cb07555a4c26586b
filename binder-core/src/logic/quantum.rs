//! How many messages of one lane are handled before it is the turn of the others.
//!
//! A lane that is taken in large pieces costs least, and that is right for a function which never
//! waits. One that does waits the whole time that the other messages of its piece take: the other
//! lanes are kept from it for as long, and get so far behind that a stop, which can only commit
//! what has no gap below it, repeats everything above them. So the pieces are as large as they can
//! be without a call that waits, about.
//!
//! # Laws
//!
//! 1. It is between 1 and its limit.
//! 2. A function that always waits comes to 1 after log2(limit) turns, one that never does to the
//!    limit after as many.

/// The number of messages that a lane's next turn may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantum {
    messages: usize,
    limit: usize,
}

impl Quantum {
    /// Begins with 1: nothing is known yet. A limit of 0 is taken as 1.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { messages: 1, limit: if limit == 0 { 1 } else { limit } }
    }

    /// How many messages the next turn may take.
    #[must_use]
    pub const fn messages(self) -> usize {
        self.messages
    }

    /// A turn is over: half as many next time if one of its calls has waited, else twice as many.
    pub fn turn(&mut self, waited: bool) {
        self.messages = match waited {
            true => (self.messages / 2).max(1),
            false => self.messages.saturating_mul(2).min(self.limit),
        };
    }
}
