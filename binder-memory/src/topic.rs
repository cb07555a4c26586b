//! A destination behind its lock.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use binder_core::Destination;

use crate::state::State;
use crate::wakes::Wakes;

/// A destination of the memory binder.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: Destination,
    state: Mutex<State>,
}

impl Topic {
    /// A destination that holds nothing.
    pub(crate) fn new(name: Destination, partitions: NonZeroU32) -> Self {
        Self { name, state: Mutex::new(State::new(partitions)) }
    }

    /// How many partitions it has.
    pub(crate) fn partitions(&self) -> NonZeroU32 {
        self.with(|state, _| state.partitions())
    }

    /// Adds partitions up to that number, which running members read at once.
    pub(crate) fn grow(&self, partitions: NonZeroU32) {
        self.with(|state, wakes| state.grow(partitions, Instant::now(), wakes));
    }

    /// Acts on the state, once per batch; whoever has to be woken is woken when the lock is free.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut State, &mut Wakes) -> R) -> R {
        let mut wakes = Wakes::default();
        // A panic elsewhere while the lock was held is no reason to spread it to this caller.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state, &mut wakes);
        drop(state);
        wakes.wake();
        result
    }
}
