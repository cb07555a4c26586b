//! How many messages the broker may send ahead, decided from the sizes of those that came. Pure.
//!
//! RabbitMQ counts what it sends ahead in messages alone, and what they hold is known only when
//! they are here. So a channel begins with few and is sent more as soon as their sizes allow it.
//!
//! # Laws
//!
//! 1. A window is at least one message and at most as many as the limit has.
//! 2. It is changed upwards, or made anew, only when it is used up or as many messages as it has
//!    came since, at most eightfold, and only as far as everything fits the limit's bytes: what is
//!    held, what the broker may still send by the old window, and the new one, every message as
//!    large as the largest that came lately.
//! 3. While more bytes are held than the limit, and while the window's worth of the largest message
//!    that came lately is more than twice the limit, it shrinks.
//! 4. So, of messages of one size, never more than the limit is held, or than the first window and
//!    one message where that is more. When messages become larger than all that came lately, what
//!    the window still admits comes too: at most the window's worth of them.
//! 5. Whoever settles nothing is given messages until their number is the limit's, or until no more
//!    than an eighth of them would still fit its bytes.

use binder_core::Limit;

/// The window of a new channel: before anything has come, any size may.
pub(crate) const FIRST: usize = 8;
/// How much a window grows at once.
const FACTOR: usize = 8;
/// A size counts as recent for one to two times so many messages.
const SPAN: usize = 1_024;

/// What a window that is changed counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Everything that is unsettled.
    All,
    /// What comes from then on: it is that of a new consumer.
    Anew,
}

/// The window of one channel.
#[derive(Debug)]
pub(crate) struct Window {
    limit: Limit,
    counts: Counts,
    messages: usize,
    /// Messages that came since it was last changed.
    came: usize,
    largest: Largest,
}

/// The largest of what came lately.
#[derive(Debug, Default)]
struct Largest {
    before: usize,
    now: usize,
    left: usize,
}

impl Window {
    /// The first one.
    pub(crate) fn new(limit: Limit, counts: Counts) -> Self {
        let messages = FIRST.min(limit.messages);
        Self { limit, counts, messages, came: 0, largest: Largest::default() }
    }

    /// The messages that may be on their way or unsettled.
    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    /// Whether it is as large as it may be.
    pub(crate) fn is_open(&self) -> bool {
        self.messages == self.limit.messages
    }

    /// Notes a message of that size.
    pub(crate) fn deliver(&mut self, bytes: usize) {
        self.came += 1;
        self.largest.note(bytes);
    }

    /// Changes the window if it is time to; says whether it has. `held` is what is unsettled, and
    /// `present` how many of these messages the window counts.
    pub(crate) fn adapt(&mut self, held: Limit, present: usize) -> bool {
        let next = self.shrunk(held).or_else(|| self.grown(held, present));
        self.change(next.filter(|next| *next != self.messages))
    }

    /// The same when nothing has come and nothing was settled for a while.
    pub(crate) fn nudge(&mut self, held: Limit, present: usize) -> bool {
        let used_up = present >= self.messages && self.counts == Counts::Anew;
        let next = self.most(held, present);
        self.change((used_up && next > held.messages / 8).then_some(next))
    }

    fn change(&mut self, next: Option<usize>) -> bool {
        let Some(next) = next else { return false };
        self.messages = next;
        self.came = 0;
        true
    }

    fn shrunk(&self, held: Limit) -> Option<usize> {
        let too_much = held.bytes > self.limit.bytes || self.worth() / 2 > self.limit.bytes;
        let free = match self.counts {
            Counts::All => self.limit.bytes,
            Counts::Anew => self.limit.bytes.saturating_sub(held.bytes),
        };
        let fits = free / self.largest.bytes();
        (too_much && self.messages > 1).then_some(fits.clamp(1, self.messages))
    }

    fn grown(&self, held: Limit, present: usize) -> Option<usize> {
        if self.is_open() || (self.came < self.messages && present < self.messages) {
            return None;
        }
        let next = self.most(held, present);
        let worthwhile = match self.counts {
            Counts::All => next > self.messages,
            // To consume anew for little more is not.
            Counts::Anew => next / 2 >= self.messages || next == self.limit.messages,
        };
        worthwhile.then_some(next)
    }

    /// The largest window to which it may be changed.
    fn most(&self, held: Limit, present: usize) -> usize {
        let largest = self.largest.bytes();
        let fits = match self.counts {
            Counts::All => self.limit.bytes / largest,
            Counts::Anew => {
                let left = self.messages.saturating_sub(present);
                let free = self.limit.bytes.saturating_sub(held.bytes) / largest;
                free.saturating_sub(left)
            }
        };
        fits.min(self.messages.saturating_mul(FACTOR)).min(self.limit.messages)
    }

    fn worth(&self) -> usize {
        self.messages.saturating_mul(self.largest.bytes())
    }
}

impl Largest {
    fn note(&mut self, bytes: usize) {
        if self.left == 0 {
            (self.before, self.now, self.left) = (self.now, 0, SPAN);
        }
        self.left -= 1;
        self.now = self.now.max(bytes);
    }

    /// At least 1.
    fn bytes(&self) -> usize {
        self.before.max(self.now).max(1)
    }
}

#[cfg(test)]
mod laws;
