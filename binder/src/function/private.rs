//! What the code that the attributes write calls: no part of the public interface.

pub use std::process::ExitCode;

pub use super::call::Call;
pub use super::calls::{Argument, calls};
pub use super::definition::{Definition, Emitter, Kind, Listener, emitter, listener};
pub use super::elements::{elements, nothing};
pub use super::extract::FromCall;
pub use super::failure::Failure;
pub use super::first::First;
pub use super::messages::Messages;
pub use super::outputs::Outputs;
pub use super::probe::{Items, Probe, Returned, Sends};
pub use super::slot::Body;
pub use super::state::OnceArgument;
pub use super::steps::{MadeOnce, emits, streams};
