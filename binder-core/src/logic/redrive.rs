//! A dead letter back to the message that failed, for the group at which it failed.
//!
//! # Laws
//!
//! 1. For a message `m` that has none of our headers, the redriven `dead_letter(m)` has the same
//!    payload, key, id, content type and headers in the same order, repeated names and null values
//!    included, and ours behind them.
//! 2. Those are the letter's `x-original-*`, then [`COUNT`], one more than the letter's, then
//!    [`DESTINATION`] and [`GROUP`], each once. So `dead_letter` of a message that fails again names its first origin.
//! 3. It has no timestamp: its log must not take it for as old as it is and drop it before it is
//!    read. When it was sent first stands in `x-original-timestamp`.
//! 4. A letter is left, and nothing of it is sent, that does not say where it comes from, that comes
//!    from elsewhere than the inputs of its store, or that was redriven `max_redrives` times.
//! 5. A letter that [moves](moved) to the end of its store differs in [`DESTINATION`] and
//!    [`GROUP`] alone.
//! 6. A header names another group only at the destination that it names: on a copy that somebody has
//!    sent elsewhere it means nothing.

use std::fmt;

use crate::headers::Headers;
use crate::logic::dead_letter;
use crate::message::Message;
use crate::name::{Destination, Group};

/// How often a letter was redriven, decimal.
pub const COUNT: &str = "x-redrive-count";
/// Where a redriven message was sent.
pub const DESTINATION: &str = "x-redrive-destination";
/// The one group there that it is for; inputs of other groups pass over it.
pub const GROUP: &str = "x-redrive-group";

/// Every header of a redriven message that is ours beside its origin.
pub const HEADERS: [&str; 3] = [COUNT, DESTINATION, GROUP];

/// Where a message may go back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// What the input reads.
    pub destination: Destination,
    /// The group for which it reads.
    pub group: Group,
}

/// What is to become of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It goes back.
    Sent {
        /// To this one of the inputs, by index.
        input: usize,
        /// As this message.
        message: Message,
    },
    /// It stays in the store.
    Left(Left),
}

/// Why a letter stays in the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Left {
    /// Its headers do not say where it was read: somebody else's letter.
    Foreign,
    /// It was read without a group, so there is nobody to whom alone it could go back.
    NoGroup,
    /// It failed first at an input that has its dead letters in another store, and then at one that
    /// read it there. Its letter in that store is the one to redrive: this one would come twice, and
    /// where it failed last it was read with a failure that it does not tell of any more.
    OfAnotherStore {
        /// The destination that it names.
        destination: String,
        /// The group that it names.
        group: String,
    },
    /// No input of this application reads there.
    Elsewhere {
        /// The destination that it names.
        destination: String,
        /// The group that it names.
        group: String,
    },
    /// It was redriven so often that another time is no use.
    TooOften,
    /// The broker does not take it, and never will.
    Refused(String),
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => {
                let name = dead_letter::DESTINATION;
                write!(f, "not said where they were read (no header `{name}`)")
            }
            Self::NoGroup => f.write_str("read without a group"),
            Self::OfAnotherStore { destination, group } => write!(
                f,
                "failed first at destination `{}`, group `{}`, which has its dead letters in another \
                 store: redrive that one",
                destination.escape_debug(),
                group.escape_debug()
            ),
            Self::Elsewhere { destination, group } => write!(
                f,
                "of destination `{}`, group `{}`, which no input of this application reads",
                destination.escape_debug(),
                group.escape_debug()
            ),
            Self::Refused(why) => write!(f, "refused for good: {why}"),
            Self::TooOften => f.write_str("redriven as often as may be (`--max-redrives`)"),
        }
    }
}

/// How often a message was redriven; 0 where it does not say.
#[must_use]
pub fn count(headers: &Headers) -> u32 {
    headers.text(COUNT).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// What is to become of a letter, which may go back to one of `inputs`, those whose dead letters its
/// store keeps; `others` are those of the application that have theirs elsewhere, or none.
#[must_use]
pub fn redrive(letter: &Message, inputs: &[Home], others: &[Home], max_redrives: u32) -> Fate {
    let headers = &letter.headers;
    let Some(destination) = headers.text(dead_letter::DESTINATION) else {
        return Fate::Left(Left::Foreign);
    };
    let Some(group) = headers.text(dead_letter::GROUP) else {
        return Fate::Left(Left::NoGroup);
    };
    let home =
        |home: &Home| home.destination.as_str() == destination && home.group.as_str() == group;
    let Some(input) = inputs.iter().position(home) else {
        let is_another = others.iter().any(home);
        let (destination, group) = (destination.to_owned(), group.to_owned());
        return Fate::Left(match is_another {
            true => Left::OfAnotherStore { destination, group },
            false => Left::Elsewhere { destination, group },
        });
    };
    let before = count(headers);
    if before >= max_redrives {
        return Fate::Left(Left::TooOften);
    }
    let message = message(letter, (destination, group), before.saturating_add(1));
    Fate::Sent { input, message }
}

fn message(letter: &Message, (destination, group): (&str, &str), count: u32) -> Message {
    let mut headers = letter.headers.clone();
    headers.remove_all(&dead_letter::HEADERS);
    headers.remove_all(&HEADERS);
    dead_letter::keep_origin(&letter.headers, &mut headers);
    headers.push(COUNT, Some(count.to_string().into()));
    headers.push(DESTINATION, Some(destination.to_owned().into()));
    headers.push(GROUP, Some(group.to_owned().into()));
    Message { headers, timestamp: None, ..letter.clone() }
}

/// A letter on its way to the end of the store of that name, where it waits on. It is for the store
/// alone: who reads the dead letters as a destination has it at its old place.
#[must_use]
pub fn moved(letter: &Message, store: &str) -> Message {
    let mut message = letter.clone();
    message.headers.set(DESTINATION, store.to_owned());
    message.headers.set(GROUP, format!("{store}.redrive"));
    message
}

/// Whether a message that was read at `destination` was redriven there for another group than this,
/// so that it is to be passed over. One that names no group is for everybody.
#[must_use]
pub fn is_for_another(headers: &Headers, destination: &str, group: Option<&str>) -> bool {
    // Asked of every message: most have no headers at all.
    !headers.is_empty()
        && headers.text(DESTINATION) == Some(destination)
        && headers
            .value(GROUP)
            .is_some_and(|named| group.is_none_or(|group| group.as_bytes() != named.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Tag;
    use crate::logic::dead_letter::{Failed, dead_letter};

    const FAILED: Failed<'static> = Failed {
        destination: "shop.orders",
        binding: "orders",
        group: Some("billing"),
        tag: Tag { epoch: 1, partition: 3, sequence: 42 },
        attempts: 4,
        class: "error",
        cause: "no price",
        at: 1_700_000_000_000,
    };

    fn home(destination: &str, group: &str) -> Home {
        Home {
            destination: Destination::new(destination).unwrap(),
            group: Group::new(group).unwrap(),
        }
    }

    #[test]
    fn a_letter_goes_back_to_the_input_that_it_names() {
        let letter = dead_letter(&Message::new("x").with_header("a", "1"), &FAILED);
        let inputs = [home("shop.orders", "audit"), home("shop.orders", "billing")];
        let Fate::Sent { input: 1, message } = redrive(&letter, &inputs, &[], 3) else { panic!() };
        let names: Vec<_> = message.headers.iter().map(|(name, _)| name.clone()).collect();
        let origin = &dead_letter::HEADERS[..5];
        let expected: Vec<_> = ["a"].iter().chain(origin).chain(&HEADERS).copied().collect();
        assert_eq!(names, expected);
        assert_eq!(message.headers.text(COUNT), Some("1"));
        assert!(!is_for_another(&message.headers, "shop.orders", Some("billing")));
        assert!(is_for_another(&message.headers, "shop.orders", Some("audit")));
        assert!(is_for_another(&message.headers, "shop.orders", None));
        assert!(!is_for_another(&message.headers, "shop.bills", Some("audit")), "a forwarded copy");
        assert!(!is_for_another(&Message::new("x").with_header("a", "1").headers, "x", None));
    }

    #[test]
    fn what_cannot_go_back_is_left_with_the_reason() {
        let inputs = [home("shop.orders", "billing")];
        let foreign = Message::new("x").with_header("x-original-topic", "shop.orders");
        assert_eq!(redrive(&foreign, &inputs, &[], 3), Fate::Left(Left::Foreign));
        let ungrouped = dead_letter(&foreign, &Failed { group: None, ..FAILED });
        assert_eq!(redrive(&ungrouped, &inputs, &[], 3), Fate::Left(Left::NoGroup));
        let other = dead_letter(&foreign, &Failed { group: Some("a\nb"), ..FAILED });
        let Fate::Left(left) = redrive(&other, &inputs, &[], 3) else { panic!() };
        assert!(left.to_string().contains("group `a\\nb`, which no input of this"), "{left}");
        let others = [home("shop.orders", "audit")];
        let second = dead_letter(&foreign, &Failed { group: Some("audit"), ..FAILED });
        let Fate::Left(left) = redrive(&second, &inputs, &others, 3) else { panic!() };
        assert!(matches!(left, Left::OfAnotherStore { .. }), "{left:?}");
        assert!(left.to_string().contains("`audit`, which has its dead letters in an"), "{left}");
        let letter = dead_letter(&Message::new("x").with_header(COUNT, "3"), &FAILED);
        assert_eq!(redrive(&letter, &inputs, &[], 3), Fate::Left(Left::TooOften));
        assert!(matches!(redrive(&letter, &inputs, &[], 4), Fate::Sent { .. }));
    }
}
