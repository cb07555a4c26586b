//! What all calls share.

use std::sync::{Arc, Mutex};

use binder::{Error, Result};

use crate::arguments::Arguments;
use crate::ledger::Ledger;

/// The application's state; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Faulty(pub(crate) Arc<Shared>);

/// See [`Faulty`].
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) arguments: Arguments,
    pub(crate) ledger: Ledger,
    /// How many jobs have begun. A function that panics while it holds the lock poisons it.
    pub(crate) begun: Mutex<u64>,
}

impl Faulty {
    /// # Errors
    ///
    /// When the ledger cannot be opened.
    pub(crate) fn new(arguments: Arguments) -> Result<Self> {
        let ledger = Ledger::open(&arguments.ledger).map_err(|error| {
            Error::msg(format!("cannot open {}: {error}", arguments.ledger.display()))
        })?;
        Ok(Self(Arc::new(Shared { arguments, ledger, begun: Mutex::new(0) })))
    }
}
