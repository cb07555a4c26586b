//! What a binder's author supplies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use binder_core::{Binder, BoxFuture, Capabilities, Result};

use crate::evidence::Recorder;

/// A binder, and what ends its connections.
pub struct Breakable {
    /// The binder.
    pub binder: Arc<dyn Binder>,
    /// Ends every connection that the binder has, as a network does; new ones can be made at once.
    pub end_connections: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Breakable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breakable").finish_non_exhaustive()
    }
}

/// Makes binders for the suite.
///
/// The suite uses destinations and groups whose names no other run has, and cleans up nothing at
/// the broker.
pub trait Fixture: Send + Sync + 'static {
    /// A binder that is connected, or connects when something is bound.
    ///
    /// Called at least once by each case, on the case's own tokio runtime. Where the binder is
    /// `shared`, two of them stand for two processes.
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Binder>>>;

    /// What the binder can do: selects the cases, and must be what the binder itself says.
    fn capabilities(&self) -> Capabilities;

    /// A binder for an address where nobody answers; `None`, the default, where there is no such
    /// thing.
    fn unreachable(&self) -> Option<BoxFuture<'_, Result<Arc<dyn Binder>>>> {
        None
    }

    /// A binder whose connections the suite can end, while other cases run on others; `None`, the
    /// default, where the fixture has no way to.
    fn breakable(&self) -> Option<BoxFuture<'_, Result<Breakable>>> {
        None
    }

    /// The size in bytes of a payload that is larger than a message may be; `None`, the default,
    /// where that is more than a test should send.
    fn too_large(&self) -> Option<usize> {
        None
    }

    /// Reads what the broker has recorded for a group, over a client of its own; the cases that
    /// drive an application then see that it never is ahead of what was settled. `None`, the
    /// default, where that cannot be read.
    fn recorder(&self) -> Option<Arc<dyn Recorder>> {
        None
    }

    /// How long a case waits for something to happen before it fails: 10 s by default. A whole
    /// case may take three times as long.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// How many cases run at once where the command line does not say; `None`, the default, is one
    /// for each processor.
    fn at_once(&self) -> Option<usize> {
        None
    }

    /// Why this case cannot hold for this binder, or cannot run now; the case is then ignored,
    /// with the reason printed. Nothing is exempt by default.
    fn exempt(&self, case: &str) -> Option<String> {
        let _ = case;
        None
    }
}
