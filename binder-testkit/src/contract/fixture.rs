//! What a binder's author supplies.

use std::sync::Arc;
use std::time::Duration;

use binder_core::{Binder, BoxFuture, Capabilities, Result};

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

    /// How long a case waits for something to happen before it fails: 10 s by default. A whole
    /// case may take three times as long.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Why this case cannot hold for this binder, or cannot run now; the case is then ignored,
    /// with the reason printed. Nothing is exempt by default.
    fn exempt(&self, case: &str) -> Option<String> {
        let _ = case;
        None
    }
}
