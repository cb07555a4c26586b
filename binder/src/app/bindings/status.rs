//! What an operator sees of one input.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use binder_core::Destination;
use tokio::time::Instant;

use super::input::Input;
use super::life::{Phase, Stop};
use crate::function::position::Position;
use crate::runtime::flow::{Counts, Doing};

/// An input of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InputStatus {
    /// The function that reads it.
    pub function: &'static str,
    /// The binding.
    pub binding: String,
    /// Where it reads: one destination, or several.
    pub destinations: Vec<Destination>,
    /// What it does.
    pub state: InputState,
    /// Since when it has been in that state, by the clock of the machine.
    pub since: SystemTime,
    /// Why it stops or has stopped by itself; nothing of one that was told to.
    pub stopped: Option<StopReason>,
    /// It has stopped at a message and holds its place in the group: what it was assigned goes to no
    /// other member, which would stop at that message too, until it is stopped or started.
    pub holding: bool,
    /// The last trouble there was: a failed attempt, a refused publish, the end of a subscription.
    pub last_error: Option<LastError>,
    /// Messages that were delivered and are neither acknowledged nor given back.
    pub in_flight: usize,
    /// How long the oldest of them has been here, to a millisecond or so; none where there is none.
    pub oldest: Option<Duration>,
    /// An output or a dead letter was refused and is sent again; the input waits meanwhile.
    pub blocked: bool,
    /// What was counted since the application started.
    pub counts: InputCounts,
}

/// What an input does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputState {
    /// It is being bound, or waits for its first assignment.
    Starting,
    /// It reads.
    Running,
    /// It was paused: it reads nothing, calls nothing, and stays a member of its group.
    Paused,
    /// It finishes what it has begun.
    Stopping,
    /// It was told to stop, or has stopped by itself.
    Stopped,
}

/// Why an input has stopped by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StopReason {
    /// What was wrong, where, and what can be done about it.
    pub text: String,
    /// The message it stopped at, which is unsettled; none where it was no message.
    pub position: Option<Position>,
}

/// Trouble of an input, which it may have got over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastError {
    /// As it stands in the log.
    pub text: String,
    /// When it was.
    pub at: SystemTime,
}

/// What was counted of one input, through all its stops and starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InputCounts {
    /// Messages that were delivered; one that comes again counts again.
    pub received: u64,
    /// Messages that were acknowledged: handled, buried as dead letters, or dropped.
    pub acknowledged: u64,
    /// Messages that were given back untried: while draining, or because their partition moved.
    pub released: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Attempts that were followed by another.
    pub retried: u64,
    /// Messages whose dead letter was confirmed.
    pub dead_lettered: u64,
    /// Messages that were dropped because `on_exhausted = "drop"`.
    pub dropped: u64,
    /// Outputs and dead letters that the broker has confirmed.
    pub confirmed: u64,
    /// Refusals of outputs and dead letters, and reports that nobody knows what became of them.
    pub refused: u64,
    /// Messages that were fed to a stream function again, after later ones.
    pub reordered: u64,
}

impl InputCounts {
    fn of(counts: &Counts) -> Self {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (released, refused) = (count(&counts.released), count(&counts.refused));
        Self {
            received: count(&counts.received),
            acknowledged: count(&counts.settled).saturating_sub(released),
            released,
            failed: count(&counts.failed),
            retried: count(&counts.retried),
            dead_lettered: count(&counts.dead_lettered),
            dropped: count(&counts.dropped),
            confirmed: count(&counts.completed).saturating_sub(refused),
            refused,
            reordered: count(&counts.fed_again),
        }
    }
}

impl StopReason {
    fn of(stop: &Stop) -> Self {
        Self { text: stop.why.to_string(), position: stop.position.clone() }
    }
}

/// The status of an input, and whether an application with it is ready.
pub(super) fn status(input: &Input) -> (InputStatus, bool) {
    let counts = InputCounts::of(&input.counts);
    let last_error = input.counts.last_error().map(|(text, at)| LastError { text, at });
    let life = input.lives.borrow();
    let mut status = InputStatus {
        function: input.parts.function,
        binding: input.parts.binding.clone(),
        destinations: input.parts.origins.iter().cloned().collect(),
        state: InputState::Stopped,
        since: life.since,
        stopped: life.stop().map(|stop| StopReason::of(stop)),
        holding: matches!(life.phase, Phase::Holding(..)),
        last_error,
        in_flight: 0,
        oldest: None,
        blocked: false,
        counts,
    };
    let ready = match &life.phase {
        Phase::Starting(_) => {
            status.state = InputState::Starting;
            false
        }
        Phase::Running(run) => {
            let look = run.flow.look(Instant::now());
            status.state = match look.doing {
                Doing::Waiting => InputState::Starting,
                Doing::Reading => InputState::Running,
                Doing::Paused => InputState::Paused,
                Doing::Draining | Doing::Failing => InputState::Stopping,
            };
            status.since = look.since;
            status.in_flight = look.in_flight;
            status.oldest = look.oldest;
            status.blocked = look.blocked;
            !matches!(look.doing, Doing::Waiting | Doing::Failing)
        }
        Phase::Holding(..) => false,
        Phase::Stopped(stop) => stop.is_none(),
    };
    (status, ready)
}
