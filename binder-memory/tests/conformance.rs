//! The memory binder keeps the contract.

use std::process::ExitCode;
use std::sync::Arc;

use binder_core::{Binder, BoxFuture, Capabilities, Result};
use binder_memory::MemoryBinder;
use binder_testkit::contract::{self, Fixture};

/// Each case has a broker of its own: nothing is shared between two of them.
struct InProcess;

impl Fixture for InProcess {
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Binder>>> {
        Box::pin(async { Ok(Arc::new(MemoryBinder::new()) as Arc<dyn Binder>) })
    }

    fn capabilities(&self) -> Capabilities {
        MemoryBinder::new().capabilities()
    }

    fn too_large(&self) -> Option<usize> {
        Some((64 << 20) + 1)
    }
}

fn main() -> ExitCode {
    contract::run(InProcess)
}
