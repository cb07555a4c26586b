//! What happened at the scripted broker, in order.

use std::sync::{Arc, Mutex};

use crate::signal::lock;

/// One thing that happened; the text is the destination.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScriptEvent {
    /// The topology was provisioned.
    Provisioned,
    /// An output was bound.
    BoundOutput(String),
    /// An input was bound.
    BoundInput(String),
    /// An input was told of its assignment.
    Assigned(String),
    /// The first delivery of an input was handed over.
    FirstDelivered(String),
    /// The first message of an output was taken.
    FirstPublished(String),
    /// An input was closed.
    ClosedInput(String),
    /// An input was dropped, closed or not.
    DroppedInput(String),
    /// A flush of an output was ready.
    Flushed(String),
    /// The last publisher of an output was dropped.
    DroppedOutput(String),
}

/// The list that every part of one scripted binder writes to.
#[derive(Clone, Debug, Default)]
pub(super) struct Events(Arc<Mutex<Vec<ScriptEvent>>>);

impl Events {
    pub(super) fn record(&self, event: ScriptEvent) {
        lock(&self.0).push(event);
    }

    pub(super) fn all(&self) -> Vec<ScriptEvent> {
        lock(&self.0).clone()
    }
}
