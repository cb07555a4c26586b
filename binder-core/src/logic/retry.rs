//! A message that waits at the broker to be tried again.
//!
//! # Laws
//!
//! 1. [`take`] gives back what [`requeue`] was told, and leaves the message as it was: payload,
//!    key, id, content type, timestamp and every header that is not in [`HEADERS`], in their order.
//! 2. [`waits`] are the waits of the policy in order, each once, at most one more than [`MOST`].
//! 3. [`step`] of a failure names the wait that follows it.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;

use super::backoff::Backoff;
use crate::headers::Headers;
use crate::message::Message;

/// How often the message was tried.
pub const ATTEMPTS: &str = "x-retry-attempts";
/// When it is to be tried again, in milliseconds since the Unix epoch.
pub const DUE: &str = "x-retry-due";
/// The partition it was first read from.
pub const PARTITION: &str = "x-retry-partition";
/// Its position there.
pub const POSITION: &str = "x-retry-position";

/// Every header of a message that waits, in the order in which they are written. All values are
/// decimal numbers as text.
pub const HEADERS: [&str; 4] = [ATTEMPTS, DUE, PARTITION, POSITION];

/// The most waits that an input may have at its broker: each is a destination of its own.
pub const MOST: usize = 8;

/// Beyond so many failures no longer wait is looked for.
const FAILURES: u32 = 1_000;

/// What goes with a message that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried again, in milliseconds since the Unix epoch.
    pub due: i64,
    /// The partition it was first read from.
    pub partition: u32,
    /// Its position there.
    pub position: u64,
}

/// The message as it waits.
#[must_use]
pub fn requeue(message: &Message, again: &Again) -> Message {
    let mut headers = without_ours(&message.headers);
    let Again { attempts, due, partition, position } = again;
    let values =
        [attempts.to_string(), due.to_string(), partition.to_string(), position.to_string()];
    for (name, value) in HEADERS.into_iter().zip(values) {
        headers.push(Bytes::from_static(name.as_bytes()), Some(value.into()));
    }
    Message { headers, ..message.clone() }
}

/// Takes from a message what went with it while it waited; `None` where that is missing or cannot
/// be read.
pub fn take(message: &mut Message) -> Option<Again> {
    let headers = &message.headers;
    let again = Again {
        attempts: number(headers, ATTEMPTS)?,
        due: number(headers, DUE)?,
        partition: number(headers, PARTITION)?,
        position: number(headers, POSITION)?,
    };
    message.headers = without_ours(headers);
    Some(again)
}

fn number<N: std::str::FromStr>(headers: &Headers, name: &str) -> Option<N> {
    headers.text(name)?.parse().ok()
}

fn without_ours(headers: &Headers) -> Headers {
    let mut headers = headers.clone();
    headers.remove_all(&HEADERS);
    headers
}

/// The different waits between the attempts of a policy, without jitter: the shortest first.
#[must_use]
pub fn waits(max_attempts: NonZeroU32, backoff: &Backoff) -> Vec<Duration> {
    let fixed = Backoff { jitter: false, ..*backoff };
    let mut waits: Vec<Duration> = Vec::new();
    for failures in 1..max_attempts.get().min(FAILURES) {
        let wait = fixed.delay(failures, 0.0);
        if waits.last() != Some(&wait) {
            waits.push(wait);
        }
        if waits.len() > MOST || wait >= fixed.max {
            break;
        }
    }
    waits
}

/// Which of [`waits`] follows so many failures; the last where all are shorter.
#[must_use]
pub fn step(waits: &[Duration], failures: u32, backoff: &Backoff) -> usize {
    let fixed = Backoff { jitter: false, ..*backoff };
    let wait = fixed.delay(failures, 0.0);
    waits.partition_point(|shorter| *shorter < wait).min(waits.len().saturating_sub(1))
}
