//! Messages that were handed to a publisher and not yet confirmed.

use std::collections::BTreeMap;

use binder_core::message as wire;
use slab::Slab;

/// What is kept of an output until the broker has it, so that it can be sent again as it was.
#[derive(Debug)]
pub(crate) struct Sent<S> {
    /// The index of the output.
    pub(crate) output: usize,
    /// The same bytes.
    pub(crate) message: wire::Message,
    /// What it came from.
    pub(crate) source: S,
    /// How often it was refused.
    refusals: u32,
    /// Its place in the order of sending.
    sequence: u64,
}

/// The unconfirmed messages of one function; a token is an index.
///
/// Laws: what is refused is sent again in the order in which it was first sent, before anything
/// that comes later; a message is counted as refused from its first refusal until it is removed.
#[derive(Debug)]
pub(crate) struct Sends<S> {
    sent: Slab<Sent<S>>,
    sequence: u64,
    bytes: usize,
    refused: usize,
    /// Refused and not sent again yet, by sequence.
    waiting: BTreeMap<u64, u64>,
    /// What has waited is on its way to the publishers, which may not have taken it yet.
    handing: bool,
}

impl<S: Copy> Sends<S> {
    pub(crate) const fn new() -> Self {
        let waiting = BTreeMap::new();
        Self { sent: Slab::new(), sequence: 0, bytes: 0, refused: 0, waiting, handing: false }
    }

    /// Remembers a message; gives its token.
    pub(crate) fn add(&mut self, output: usize, message: wire::Message, source: S) -> u64 {
        self.bytes += message.size();
        self.sequence += 1;
        let sequence = self.sequence;
        self.sent.insert(Sent { output, message, source, refusals: 0, sequence }) as u64
    }

    /// Forgets a message: it was confirmed, or given up.
    pub(crate) fn remove(&mut self, token: u64) -> Option<Sent<S>> {
        let sent = self.sent.try_remove(usize::try_from(token).ok()?)?;
        self.bytes -= sent.message.size();
        self.refused -= usize::from(sent.refusals > 0);
        self.waiting.remove(&sent.sequence);
        Some(sent)
    }

    pub(crate) fn sent(&self, token: u64) -> Option<&Sent<S>> {
        self.sent.get(usize::try_from(token).ok()?)
    }

    /// Counts a refusal and lets the message wait to be sent again; gives how often it was refused.
    pub(crate) fn refuse(&mut self, token: u64) -> Option<u32> {
        let sent = self.sent.get_mut(usize::try_from(token).ok()?)?;
        self.refused += usize::from(sent.refusals == 0);
        sent.refusals = sent.refusals.saturating_add(1);
        self.waiting.insert(sent.sequence, token);
        Some(sent.refusals)
    }

    /// Lets a message that was never sent wait behind those that were refused before it.
    pub(crate) fn park(&mut self, token: u64) {
        if let Some(sent) = self.sent.get(token as usize) {
            self.waiting.insert(sent.sequence, token);
        }
    }

    /// Forgets what waits to be sent again and came from there.
    pub(crate) fn forget_waiting(&mut self, source: S)
    where
        S: PartialEq,
    {
        let sent = &self.sent;
        let of_source = |token: &u64| sent.get(*token as usize).is_some_and(|s| s.source == source);
        let tokens: Vec<u64> = self.waiting.values().copied().filter(of_source).collect();
        for token in tokens {
            self.remove(token);
        }
    }

    /// Every message that waits to be sent again, in order: token, output, message. Until they are
    /// [`handed`](Self::handed) over nothing else may be sent.
    pub(crate) fn take_waiting(&mut self) -> Vec<(u64, usize, wire::Message)> {
        let waiting = std::mem::take(&mut self.waiting);
        let again: Vec<_> = waiting
            .into_values()
            .filter_map(|token| {
                let sent = self.sent(token)?;
                Some((token, sent.output, sent.message.clone()))
            })
            .collect();
        self.handing |= !again.is_empty();
        again
    }

    /// The publishers have taken what had waited.
    pub(crate) const fn handed(&mut self) {
        self.handing = false;
    }

    /// Whether what has waited is on its way to the publishers.
    pub(crate) const fn is_handing(&self) -> bool {
        self.handing
    }

    /// Whether a refused message is not confirmed yet.
    pub(crate) const fn is_refused(&self) -> bool {
        self.refused > 0
    }

    /// Whether messages wait to be sent again.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether a message that is sent now could overtake an earlier one, which pauses the input.
    pub(crate) fn is_stalled(&self) -> bool {
        self.is_refused() || self.is_waiting() || self.handing
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.sent.len()
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_messages_are_sent_again_in_order() {
        let mut sends = Sends::new();
        let tokens: Vec<_> =
            ["a", "b", "c"].map(|text| sends.add(0, wire::Message::new(text), ())).into();
        assert_eq!((sends.len(), sends.bytes()), (3, 3));
        assert_eq!(sends.refuse(tokens[2]), Some(1));
        assert_eq!(sends.refuse(tokens[0]), Some(1));
        assert!(sends.is_stalled());
        let again: Vec<_> = sends.take_waiting().into_iter().map(|(token, ..)| token).collect();
        assert_eq!(again, [tokens[0], tokens[2]]);
        assert!(sends.take_waiting().is_empty());
        assert_eq!(sends.refuse(tokens[0]), Some(2));
        for token in tokens {
            assert!(sends.remove(token).is_some());
        }
        assert!(!sends.is_refused() && sends.is_empty() && sends.bytes() == 0);
        assert!(sends.is_stalled(), "what was taken to be sent again is on its way");
        sends.handed();
        assert!(!sends.is_stalled());
        assert!(sends.take_waiting().is_empty());
    }

    #[test]
    fn what_waits_of_one_source_can_be_forgotten() {
        let mut sends = Sends::new();
        let tokens = [7, 8, 7, 7].map(|source| sends.add(0, wire::Message::new("x"), source));
        tokens[..3].iter().for_each(|token| assert_eq!(sends.refuse(*token), Some(1)));
        sends.forget_waiting(7);
        let waiting: Vec<_> = sends.take_waiting().into_iter().map(|(token, ..)| token).collect();
        assert_eq!(waiting, [tokens[1]]);
        assert!(sends.sent(tokens[3]).is_some(), "it is under way, and its completion will come");
        assert!(sends.sent(tokens[0]).is_none() && sends.sent(tokens[2]).is_none());
    }
}
