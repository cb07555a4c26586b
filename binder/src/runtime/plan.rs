//! What the runtime of one function was told: everything that does not change while it runs.

use std::sync::Arc;
use std::time::Duration;

use binder_core::logic::attempts::Policy;
use binder_core::logic::backoff::Backoff;
use binder_core::{Destination, Limit, Publisher};

use super::origins::Origins;

pub(crate) use crate::config::Order;
use crate::function::classes::Classes;

/// The input of a listener.
#[derive(Clone, Debug)]
pub(crate) struct InputPlan {
    pub(crate) function: &'static str,
    pub(crate) binder: String,
    pub(crate) binding: String,
    /// Where it reads.
    pub(crate) origins: Origins,
    /// How many dead-letter destinations it has: none, one for all it reads, or one for each.
    pub(crate) letters: usize,
    pub(crate) group: Option<String>,
    pub(crate) order: Order,
    pub(crate) concurrency: usize,
    /// The function is called once with all messages: lanes and concurrency do not apply.
    pub(crate) stream: bool,
    pub(crate) limit: Limit,
    /// How long a partition that is taken away may take to finish what has started.
    pub(crate) drain: Duration,
    pub(crate) deadline: Option<Duration>,
    pub(crate) policy: Policy,
    pub(crate) backoff: Backoff,
    /// The waits at the broker, each a source of every destination; none where what is tried again
    /// waits in this process.
    pub(crate) waits: Vec<Duration>,
    /// Whether an output inherits the headers of the input, by index.
    pub(crate) copy_headers: Vec<bool>,
    /// A redelivery has the position of the delivery before, so that it identifies a message.
    pub(crate) keeps_positions: bool,
    /// Whether the messages of an output are given ids, by index.
    pub(crate) ids: Vec<bool>,
    /// Others may read what it leaves: stopped at a message, it stays in its group and keeps what it
    /// was assigned, or the same message would stop one member after another.
    pub(crate) holds: bool,
    /// What the application says about its error types.
    pub(crate) classes: Classes,
    /// The names of the outputs, by index.
    pub(crate) outputs: Vec<String>,
}

/// An output with a bound publisher.
#[derive(Clone)]
pub(crate) struct OutputPlan {
    pub(crate) binding: String,
    pub(crate) destination: Destination,
    pub(crate) publisher: Arc<dyn Publisher>,
    /// An emitter's message that can never be sent is counted and left out; otherwise the emitter
    /// stops. A listener's source is dead-lettered instead, whatever this says.
    pub(crate) drop_refused: bool,
}

impl std::fmt::Debug for OutputPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutputPlan")
            .field("binding", &self.binding)
            .field("destination", &self.destination)
            .finish_non_exhaustive()
    }
}

/// How a refused publish is tried again: without limit, from 100 ms to 10 s.
pub(crate) const RESEND: Backoff = Backoff {
    initial: Duration::from_millis(100),
    factor: 2.0,
    max: Duration::from_secs(10),
    jitter: true,
};
