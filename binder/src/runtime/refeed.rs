//! What a stream function is fed after it has failed: pure decisions.
//!
//! Laws:
//! - what was inside when the stream broke is fed again, one at a time: first the message that
//!   went in last, the likeliest culprit, then the others in order; the next when nothing is inside;
//! - a message is charged with the failure only if it was alone inside;
//! - when they are through, or when [`Refeed::relax`] was called, feeding is normal again.

use std::collections::VecDeque;

/// What may be fed next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Whatever comes.
    Any,
    /// This one again.
    One(u32),
    /// Nothing until a step is out.
    Nothing,
}

/// Which messages are inside a stream function, by token, and which have to go in alone.
#[derive(Debug, Default)]
pub(crate) struct Refeed {
    inside: VecDeque<(u64, u32)>,
    again: VecDeque<u32>,
    alone: bool,
}

impl Refeed {
    pub(crate) fn next(&mut self) -> Next {
        if self.alone && !self.inside.is_empty() {
            return Next::Nothing;
        }
        match self.again.pop_front() {
            Some(index) => Next::One(index),
            None => {
                self.alone = false;
                Next::Any
            }
        }
    }

    /// A message went in under that token.
    pub(crate) fn fed(&mut self, token: u64, index: u32) {
        self.inside.push_back((token, index));
    }

    /// A message came out, as a step or a failure. `false`: it was not inside.
    pub(crate) fn out(&mut self, token: u64) -> bool {
        let at = self.inside.iter().position(|(inside, _)| *inside == token);
        at.is_some_and(|at| self.inside.remove(at).is_some())
    }

    /// The stream ended or panicked: gives the message to charge, if one was alone inside.
    pub(crate) fn broke(&mut self) -> Option<u32> {
        if let (Some((_, only)), 1) = (self.inside.front().copied(), self.inside.len()) {
            self.inside.clear();
            return Some(only);
        }
        let last = self.inside.pop_back();
        while let Some((_, index)) = self.inside.pop_back() {
            self.again.push_front(index);
        }
        if let Some((_, index)) = last {
            self.again.push_front(index);
        }
        self.alone = !self.again.is_empty();
        None
    }

    /// Which messages are fed again.
    pub(crate) fn again(&self) -> impl Iterator<Item = u32> + '_ {
        self.again.iter().copied()
    }

    /// Takes out what satisfies `gone` and was not fed again yet.
    pub(crate) fn take_again(&mut self, mut gone: impl FnMut(u32) -> bool) -> Vec<u32> {
        let (taken, kept) = self.again.drain(..).partition(|index| gone(*index));
        self.again = kept;
        taken.into()
    }

    /// Whether messages are fed one at a time.
    pub(crate) const fn is_alone(&self) -> bool {
        self.alone
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.inside.is_empty()
    }

    /// No step for too long: feeding returns to normal, the rest first.
    pub(crate) fn relax(&mut self) {
        self.alone = false;
    }

    /// Everything inside or waiting, to be given back.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.alone = false;
        self.inside.drain(..).map(|(_, index)| index).chain(self.again.drain(..))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_crowd_goes_in_again_one_by_one_and_only_the_lonely_is_charged() {
        let mut refeed = Refeed::default();
        assert_eq!(refeed.next(), Next::Any);
        for id in 0..3 {
            refeed.fed(id, id as u32);
        }
        assert_eq!(refeed.broke(), None);
        assert_eq!(refeed.next(), Next::One(2));
        refeed.fed(10, 2);
        assert_eq!(refeed.next(), Next::Nothing);
        assert!(refeed.out(10));
        assert_eq!(refeed.next(), Next::One(0));
        refeed.fed(11, 0);
        assert_eq!(refeed.broke(), Some(0));
        assert_eq!(refeed.next(), Next::One(1));
        refeed.fed(12, 1);
        assert!(refeed.out(12));
        assert_eq!(refeed.next(), Next::Any);
    }

    #[test]
    fn after_relax_the_rest_is_fed_without_waiting() {
        let mut refeed = Refeed::default();
        (0..3).for_each(|id| refeed.fed(id, id as u32));
        refeed.broke();
        assert_eq!(refeed.next(), Next::One(2));
        refeed.fed(5, 2);
        refeed.relax();
        assert_eq!(refeed.next(), Next::One(0));
        refeed.fed(6, 0);
        assert_eq!(refeed.next(), Next::One(1));
    }

    proptest! {
        /// Whatever breaks when: a good message always gets out, a bad one is charged and nothing
        /// else is, and feeding returns to normal.
        #[test]
        fn only_bad_messages_are_charged(bad in prop::collection::vec(any::<bool>(), 1..40), window in 1_usize..8) {
            let mut refeed = Refeed::default();
            let mut fresh: VecDeque<u32> = (0..bad.len() as u32).collect();
            let (mut out, mut charged, mut token) = (Vec::new(), Vec::new(), 0);
            let mut inside: Vec<(u64, u32)> = Vec::new();
            for _ in 0..bad.len() * 12 {
                let next = match refeed.next() {
                    Next::One(index) => Some(index),
                    Next::Any if inside.len() < window => fresh.pop_front(),
                    _ => None,
                };
                if let Some(index) = next {
                    token += 1;
                    refeed.fed(token, index);
                    inside.push((token, index));
                    if bad[index as usize] {
                        charged.extend(refeed.broke());
                        inside.clear();
                    }
                } else if !inside.is_empty() {
                    let (token, index) = inside.remove(0);
                    prop_assert!(refeed.out(token));
                    out.push(index);
                }
            }
            prop_assert!(charged.iter().all(|index| bad[*index as usize]));
            out.sort_unstable();
            let good: Vec<u32> = (0..bad.len() as u32).filter(|i| !bad[*i as usize]).collect();
            prop_assert_eq!(out, good);
            prop_assert_eq!(charged.len(), bad.iter().filter(|bad| **bad).count());
            prop_assert_eq!(refeed.next(), Next::Any);
        }
    }
}
