//! The messages of one partition, in order, from the first that is still kept.

use std::collections::VecDeque;

use binder_core::{Limit, Message};

/// An append-only log whose front is dropped when nobody needs it any more.
///
/// Sequences count from 0 and are never used twice: `start..end` are the messages kept.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    start: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    size: usize,
}

impl Log {
    /// The sequence of the oldest message kept, or of the next one if there is none.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// The sequence the next message will get.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.entries.len() as u64
    }

    /// Whether a message of `size` bytes fits; one alone always does.
    pub(crate) fn has_room(&self, size: usize, limit: Limit) -> bool {
        self.entries.is_empty()
            || (self.entries.len() < limit.messages
                && self.bytes.saturating_add(size) <= limit.bytes)
    }

    /// Appends a message of `size` bytes and gives its sequence.
    pub(crate) fn push(&mut self, message: Message, size: usize) -> u64 {
        let sequence = self.end();
        self.bytes += size;
        self.entries.push_back(Entry { message, size });
        sequence
    }

    /// The messages from `sequence` on with their sizes, oldest first.
    pub(crate) fn read(&self, sequence: u64) -> impl Iterator<Item = (&Message, usize)> {
        self.entries.range(self.index(sequence)..).map(|entry| (&entry.message, entry.size))
    }

    /// The bytes of the messages `from..to` that are still kept.
    pub(crate) fn bytes_between(&self, from: u64, to: u64) -> usize {
        self.entries.range(self.index(from)..self.index(to)).map(|entry| entry.size).sum()
    }

    /// Drops the oldest messages below `claimed`, as long as more than `keep` stay; tells whether
    /// it dropped any.
    pub(crate) fn trim(&mut self, claimed: u64, keep: Limit) -> bool {
        let before = self.start;
        while self.start < claimed
            && (self.entries.len() > keep.messages || self.bytes > keep.bytes)
            && let Some(entry) = self.entries.pop_front()
        {
            self.bytes -= entry.size;
            self.start += 1;
        }
        self.start != before
    }

    /// Where `sequence` stands in `entries`, clamped to what is kept.
    fn index(&self, sequence: u64) -> usize {
        let behind = sequence.saturating_sub(self.start);
        usize::try_from(behind).map_or(self.entries.len(), |index| index.min(self.entries.len()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Op {
        Push(usize),
        Trim { claimed: u64, messages: usize, bytes: usize },
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            3 => (0usize..20).prop_map(Op::Push),
            1 => (0u64..80, 0usize..10, 0usize..60)
                .prop_map(|(claimed, messages, bytes)| Op::Trim { claimed, messages, bytes }),
        ]
    }

    proptest! {
        /// The log behaves like the plain list of everything pushed, less a prefix.
        #[test]
        fn is_a_list_that_only_loses_its_front(ops in prop::collection::vec(op(), 0..120)) {
            let mut log = Log::default();
            let mut all: Vec<usize> = Vec::new();
            for op in ops {
                match op {
                    Op::Push(size) => {
                        let sequence = log.push(Message::new(vec![0; size]), size);
                        prop_assert_eq!(sequence, all.len() as u64);
                        all.push(size);
                    }
                    Op::Trim { claimed, messages, bytes } => {
                        let before = log.start();
                        let dropped = log.trim(claimed, Limit { messages, bytes });
                        prop_assert_eq!(dropped, log.start() > before);
                        // Nothing at or above `claimed` goes, and nothing while the rest fits.
                        prop_assert!(log.start() <= claimed.max(before));
                        if dropped {
                            let last = all[log.start() as usize - 1];
                            let kept = log.bytes_between(log.start() - 1, log.end());
                            prop_assert!(
                                log.end() - log.start() + 1 > messages as u64 || kept + last > bytes
                            );
                        }
                    }
                }
                let kept: Vec<usize> = log.read(0).map(|(_, size)| size).collect();
                prop_assert_eq!(&kept[..], &all[log.start() as usize..]);
                prop_assert_eq!(log.end(), all.len() as u64);
                prop_assert_eq!(log.bytes, kept.iter().sum::<usize>());
                let middle = log.start() + (log.end() - log.start()) / 2;
                prop_assert_eq!(log.read(middle).count() as u64, log.end() - middle);
            }
        }
    }

    #[test]
    fn room_is_bounded_in_messages_and_bytes() {
        let limit = Limit { messages: 2, bytes: 10 };
        let mut log = Log::default();
        assert!(log.has_room(99, limit), "a message alone always fits");
        log.push(Message::new("12345"), 5);
        assert!(log.has_room(5, limit) && !log.has_room(6, limit));
        log.push(Message::new(""), 0);
        assert!(!log.has_room(0, limit));
    }
}
