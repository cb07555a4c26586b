//! Ids and chances that no other process has.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

/// Ids for messages that have none: a prefix which is the sender's own, and a number.
#[derive(Debug)]
pub(crate) struct Ids {
    prefix: String,
    next: AtomicU64,
}

impl Ids {
    /// A new prefix.
    pub(crate) fn new() -> Self {
        let mut prefix = String::new();
        write(&mut prefix, draw());
        Self { prefix, next: AtomicU64::new(0) }
    }

    /// The next id. It is short: the broker pays for every byte of a message's properties.
    pub(crate) fn next(&self) -> String {
        let mut id = String::with_capacity(self.prefix.len() + 8);
        id.push_str(&self.prefix);
        id.push('.');
        write(&mut id, self.next.fetch_add(1, Ordering::Relaxed));
        id
    }
}

/// URL-safe base64 digits, the lowest first.
fn write(text: &mut String, mut number: u64) {
    loop {
        text.push(digit(number));
        number >>= 6;
        if number == 0 {
            return;
        }
    }
}

fn digit(number: u64) -> char {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char::from(ALPHABET[(number & 63) as usize])
}

/// The name of a queue that one connection has for itself, as Spring makes them: 22 characters of
/// URL-safe base64.
pub(crate) fn anonymous_queue(destination: &str) -> String {
    let mut bits = u128::from(draw()) << 64 | u128::from(draw());
    let mut name = format!("{destination}.anonymous.");
    for _ in 0..22 {
        name.push(digit(bits as u64));
        bits >>= 6;
    }
    name
}

/// A chance in `[0, 1)`.
pub(crate) fn chance() -> f64 {
    (draw() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The standard library's hash keys are drawn from the operating system once a thread and counted
/// up from there, so every hasher gives another number.
fn draw() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_within_a_sender_and_between_senders() {
        let (one, two) = (Ids::new(), Ids::new());
        let ids = [one.next(), one.next(), two.next(), two.next()];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), 4, "{ids:?}");
    }

    #[test]
    fn anonymous_queues_look_like_springs() {
        let name = anonymous_queue("orders");
        let suffix = name.strip_prefix("orders.anonymous.").unwrap();
        assert_eq!(suffix.len(), 22);
        assert!(suffix.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
        assert_ne!(name, anonymous_queue("orders"));
    }

    #[test]
    fn a_chance_is_below_one() {
        assert!((0..1_000).map(|_| chance()).all(|chance| (0.0..1.0).contains(&chance)));
    }
}
