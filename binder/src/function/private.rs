//! What the code that the attributes write calls: no part of the public interface.

pub use std::process::ExitCode;

pub use super::argument::{
    CallArgument, No, Parameter, PerCall, PerRun, RunArgument, call_argument, is_per_call,
    is_per_run, run_argument,
};
pub use super::calls::calls;
pub use super::definition::{Definition, Emitter, Kind, Listener};
pub use super::first::First;
pub use super::messages::{FromFeed, Messages};
pub use super::probe::{IntoProbe, Items, Returned, Sends, elements};
pub use super::slot::Body;
pub use super::steps::{emits, streams};
