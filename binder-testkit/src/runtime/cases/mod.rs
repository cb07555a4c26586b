//! The cases, by the numbers they have in the specification of the contract.

mod dead_letters;
mod destinations;
mod failing;
mod fan_out;
mod headers;
mod isolation;
mod order;
mod pausing;
mod processes;
mod refusals;
mod retry;
mod status;
mod stopping;
mod streams;

use binder_core::Message;

use crate::contract::case::Case;

/// Every case, in no order.
pub(crate) fn all() -> Vec<Case> {
    [
        dead_letters::CASES,
        destinations::CASES,
        failing::CASES,
        fan_out::CASES,
        headers::CASES,
        isolation::CASES,
        order::CASES,
        pausing::CASES,
        processes::CASES,
        refusals::CASES,
        retry::CASES,
        status::CASES,
        stopping::CASES,
        streams::CASES,
    ]
    .concat()
}

/// The message of that id, and the key that all of them have, so that they stay in order.
fn message(id: usize) -> Message {
    Message::new(id.to_string()).with_key("key")
}

/// The message of that id, with one of so many keys.
fn keyed(id: usize, keys: usize) -> Message {
    Message::new(id.to_string()).with_key(format!("key {}", id % keys))
}

/// The ids of a range, as text.
fn ids(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|id| id.to_string()).collect()
}
