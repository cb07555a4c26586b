//! The cases, by the numbers they have in the specification of the contract.

mod binding;
mod closing;
mod flow;
mod groups;
mod growing;
mod letters;
mod messages;
mod moving;
mod order;
mod pressure;
mod publishing;
mod settlement;
mod starting;

use binder_core::Message;

use crate::contract::case::Case;

/// Every case, in the order of their numbers.
pub(super) fn all() -> Vec<Case> {
    let mut all = [
        binding::CASES,
        messages::CASES,
        groups::CASES,
        publishing::CASES,
        order::CASES,
        settlement::CASES,
        flow::CASES,
        closing::CASES,
        starting::CASES,
        pressure::CASES,
        moving::CASES,
        letters::CASES,
        growing::CASES,
    ]
    .concat();
    #[cfg(feature = "runtime")]
    all.extend(crate::runtime::cases());
    all.sort_by_key(|case| case.name);
    all
}

/// The text of message `i`.
fn name(i: usize) -> String {
    format!("m{i:04}")
}

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(name).collect()
}

/// A message with this text, and the key that all of them have, so that they stay in order.
fn message(text: &str) -> Message {
    Message::new(text.to_owned()).with_key("key")
}

fn messages(range: std::ops::Range<usize>) -> impl Iterator<Item = Message> {
    range.map(|i| message(&name(i)))
}
