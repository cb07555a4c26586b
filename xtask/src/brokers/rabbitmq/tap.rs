//! A queue of its own that gets a copy of what an exchange is given.

use std::{io::Result, net::SocketAddr};

use super::caller::{Caller, Headers, Life};

/// The queue goes when its connection does.
pub(crate) struct Tap {
    caller: Caller,
    queue: String,
}

impl Tap {
    /// Connect, and bind the queue to everything.
    pub(crate) fn on(exchange: &str, server: SocketAddr) -> Result<Self> {
        let mut caller = Caller::connect(server)?;
        let queue = caller.queue("", Life::Connection)?;
        caller.bind(&queue, exchange)?;
        Ok(Self { caller, queue })
    }

    /// Take every message that the queue holds.
    pub(crate) fn drain(&mut self) -> Result<Vec<Headers>> {
        self.caller.drain(&self.queue)
    }
}
