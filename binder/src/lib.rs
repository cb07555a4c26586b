//! Plain functions bound to streams of messages on Kafka, RabbitMQ or in memory.
#![doc = include_str!("../../README.md")]
#![forbid(unsafe_code)]

#[cfg(all(
    not(debug_assertions),
    any(
        feature = "mutant-acknowledge-first",
        feature = "mutant-acknowledge-before-dead-letter",
        feature = "mutant-drop-on-shutdown",
        feature = "mutant-unbounded-queue",
        feature = "mutant-call-again",
    )
))]
compile_error!("a `mutant-` feature builds a fault in, for tests alone: not in a release build");

mod app;
pub mod config;
pub mod function;
mod registry;
mod runtime;

pub use binder_core::{Destination, Headers};
pub use binder_macros::{enable_binding, input, output, stream_emitter, stream_listener};
#[cfg(feature = "memory")]
pub use binder_memory::MemoryBinder;
pub use bytes::Bytes;

pub use app::{
    App, Bindings, DeadLetters, Exit, InputCounts, InputState, InputStatus, LastError, Launch,
    LaunchError, Letter, NoArgs, RedriveEnd, RedriveOptions, Redriven, Running, StopReason,
    StoreSummary,
};
pub use function::call::Call;
pub use function::definition::{Definition, Kind, Registered};
pub use function::error::{Classify, Error, Result};
pub use function::extract::{Attempt, FromCall, Key};
pub use function::failure::Class;
pub use function::message::Message;
pub use function::messages::Messages;
pub use function::out::Out;
pub use function::position::Position;
pub use function::state::{FromRef, State, Stateless};
pub use function::step::Step;
pub use runtime::every::{Every, every};
pub use runtime::spawn::Executor;

/// What the code that the attributes write calls: no part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::app::{Defaults, NoArgs, Package, main};
    pub use crate::function::private::*;
}

/// What an application imports.
pub mod prelude {
    pub use futures::{Stream, StreamExt};

    pub use crate::{
        App, Attempt, Bytes, Classify, FromRef, Headers, Key, Message, Messages, Out, Result,
        State, Step, emitters, enable_binding, every, input, listeners, output, stream_emitter,
        stream_listener,
    };
}

/// The guide's examples compile.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../docs/guide/getting-started.md")]
    struct GettingStarted;
    #[doc = include_str!("../../docs/guide/functions.md")]
    struct Functions;
    #[doc = include_str!("../../docs/guide/failure-and-retry.md")]
    struct FailureAndRetry;
    #[doc = include_str!("../../docs/guide/dead-letters.md")]
    struct DeadLetters;
    #[doc = include_str!("../../docs/guide/testing.md")]
    struct Testing;
    #[doc = include_str!("../../docs/guide/writing-a-binder.md")]
    struct WritingABinder;
}
