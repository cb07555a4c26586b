//! The conformance suite of the binder contract.
//!
//! A binder's whole test file, with `harness = false` in its `Cargo.toml`, is a fixture and one
//! call:
//!
//! ```no_run
//! use std::process::ExitCode;
//! use std::sync::Arc;
//!
//! use binder_core::{Binder, BoxFuture, Capabilities, Result};
//! use binder_testkit::contract::{self, Fixture};
//! # use binder_testkit::script::ScriptedBinder as MyBinder;
//!
//! struct InProcess;
//!
//! impl Fixture for InProcess {
//!     fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Binder>>> {
//!         Box::pin(async { Ok(Arc::new(MyBinder::new()) as Arc<dyn Binder>) })
//!     }
//!
//!     fn capabilities(&self) -> Capabilities {
//!         Capabilities::default()
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     contract::run(InProcess)
//! }
//! ```
//!
//! Each case has a name that begins with its number, destinations and groups of its own, a tokio
//! runtime of its own and a deadline, so a binder that hangs fails. A case that needs a power which
//! the binder does not have is ignored, with the reason in the output.

pub(crate) mod case;
mod cases;
pub(crate) mod compare;
mod fixture;
pub(crate) mod reader;
mod record;
pub(crate) mod scene;
mod suite;
pub(crate) mod writer;

pub use compare::Failure;
pub use fixture::{Breakable, Fixture};
pub use suite::{Suite, run};
