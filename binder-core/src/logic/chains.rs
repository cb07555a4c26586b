//! Many queues in one piece of memory.

/// Stands for "no item".
const NONE: u32 = u32::MAX;

/// The items of many [`Chain`]s, each linked to the next of its chain.
///
/// Places are used again, the last freed first, so that queues come and go without allocation.
#[derive(Debug)]
pub(super) struct Chains<T> {
    links: Vec<Link<T>>,
    free: u32,
    len: usize,
}

#[derive(Debug)]
struct Link<T> {
    item: Option<T>,
    next: u32,
}

/// One queue of a [`Chains`]; it must be emptied there before it is dropped.
#[derive(Debug)]
pub(super) struct Chain {
    first: u32,
    last: u32,
    len: usize,
}

impl Chain {
    pub(super) const EMPTY: Self = Self { first: NONE, last: NONE, len: 0 };

    pub(super) const fn is_empty(&self) -> bool {
        self.first == NONE
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }
}

impl<T> Chains<T> {
    pub(super) const fn new() -> Self {
        Self { links: Vec::new(), free: NONE, len: 0 }
    }

    /// The items of all chains.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push_back(&mut self, chain: &mut Chain, item: T) {
        let place = self.occupy(item, NONE);
        match self.links.get_mut(chain.last as usize) {
            Some(last) => last.next = place,
            None => chain.first = place,
        }
        chain.last = place;
        chain.len += 1;
    }

    pub(super) fn push_front(&mut self, chain: &mut Chain, item: T) {
        let place = self.occupy(item, chain.first);
        if chain.is_empty() {
            chain.last = place;
        }
        chain.first = place;
        chain.len += 1;
    }

    pub(super) fn pop_front(&mut self, chain: &mut Chain) -> Option<T> {
        let place = chain.first;
        let link = self.links.get_mut(place as usize)?;
        chain.first = std::mem::replace(&mut link.next, self.free);
        if chain.is_empty() {
            chain.last = NONE;
        }
        self.free = place;
        chain.len -= 1;
        self.len -= 1;
        link.item.take()
    }

    /// The items of a chain, in order.
    pub(super) fn iter(&self, chain: &Chain) -> impl Iterator<Item = &T> {
        let mut place = chain.first;
        std::iter::from_fn(move || {
            let link = self.links.get(place as usize)?;
            place = link.next;
            link.item.as_ref()
        })
    }

    /// Moves the items that satisfy `matching` out of a chain, in order.
    pub(super) fn extract(
        &mut self,
        chain: &mut Chain,
        matching: &mut impl FnMut(&T) -> bool,
        into: &mut Vec<T>,
    ) {
        let mut kept = Chain::EMPTY;
        while let Some(item) = self.pop_front(chain) {
            if matching(&item) {
                into.push(item);
            } else {
                self.push_back(&mut kept, item);
            }
        }
        *chain = kept;
    }

    fn occupy(&mut self, item: T, next: u32) -> u32 {
        self.len += 1;
        let link = Link { item: Some(item), next };
        let place = self.free;
        match self.links.get_mut(place as usize) {
            Some(freed) => {
                self.free = freed.next;
                *freed = link;
                place
            }
            None => {
                debug_assert!(self.links.len() < NONE as usize, "no limit of messages is so high");
                self.links.push(link);
                (self.links.len() - 1) as u32
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again() {
        let mut chains = Chains::new();
        for round in 0..100 {
            let (mut a, mut b) = (Chain::EMPTY, Chain::EMPTY);
            chains.push_back(&mut a, round);
            chains.push_back(&mut b, round + 1);
            chains.push_front(&mut a, round + 2);
            assert_eq!((chains.len(), a.len(), b.len()), (3, 2, 1));
            assert_eq!(chains.pop_front(&mut a), Some(round + 2));
            assert_eq!(chains.pop_front(&mut a), Some(round));
            assert_eq!(chains.pop_front(&mut a), None);
            assert_eq!(chains.pop_front(&mut b), Some(round + 1));
        }
        assert_eq!((chains.len(), chains.links.len()), (0, 3));
    }
}
