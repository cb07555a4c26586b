//! A set of line numbers.

use std::collections::BTreeMap;

/// How many words a chunk has, of 64 lines each.
const WORDS: usize = 16;
const CHUNK: u64 = WORDS as u64 * 64;

/// Line numbers, one bit each, in chunks: lines that arrive in any order take little room, and a
/// single wild number no more than a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineSet {
    chunks: BTreeMap<u64, Box<[u64; WORDS]>>,
    len: u64,
}

impl LineSet {
    /// Adds a line; whether it is new.
    pub(crate) fn insert(&mut self, line: u64) -> bool {
        let (chunk, word, bit) = place(line);
        let word = &mut self.chunks.entry(chunk).or_default()[word];
        let is_new = *word & bit == 0;
        *word |= bit;
        self.len += u64::from(is_new);
        is_new
    }

    pub(crate) fn contains(&self, line: u64) -> bool {
        let (chunk, word, bit) = place(line);
        self.chunks.get(&chunk).is_some_and(|words| words[word] & bit != 0)
    }

    /// How many lines there are.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// How many lines there are up to and with `last`.
    pub(crate) fn len_to(&self, last: u64) -> u64 {
        let (chunk, word, bit) = place(last);
        let ones =
            |words: &[u64]| words.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        let whole: u64 = self.chunks.range(..chunk).map(|(_, words)| ones(&words[..])).sum();
        whole
            + self
                .chunks
                .get(&chunk)
                .map_or(0, |words| ones(&words[..word]) + ones(&[words[word] & (bit | (bit - 1))]))
    }

    /// The lines in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.chunks.iter().flat_map(|(chunk, words)| {
            let first = chunk * CHUNK;
            (0..CHUNK).map(move |line| first + line).filter(|line| {
                let (_, word, bit) = place(*line);
                words[word] & bit != 0
            })
        })
    }
}

const fn place(line: u64) -> (u64, usize, u64) {
    let within = line % CHUNK;
    (line / CHUNK, (within / 64) as usize, 1 << (within % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::LineSet;

    #[test]
    fn a_wild_number_costs_one_chunk() {
        let mut set = LineSet::default();
        assert!(set.insert(u64::MAX) && set.insert(0) && !set.insert(u64::MAX));
        assert_eq!((set.len(), set.chunks.len()), (2, 2));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, u64::MAX]);
    }

    proptest! {
        #[test]
        fn it_is_a_set(
            lines in proptest::collection::vec(0u64..5_000, 0..300),
            last in 0u64..5_000,
        ) {
            let mut set = LineSet::default();
            let mut model = BTreeSet::new();
            for line in lines {
                prop_assert_eq!(set.insert(line), model.insert(line));
            }
            prop_assert_eq!(set.len(), model.len() as u64);
            prop_assert_eq!(set.len_to(last), model.range(..=last).count() as u64);
            prop_assert_eq!(set.contains(last), model.contains(&last));
            prop_assert!(set.iter().eq(model));
        }
    }
}
