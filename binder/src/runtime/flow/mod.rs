//! What the pump, the lane tasks and the publishers of one input binding share.

mod complete;
mod counts;
mod effects;
mod entry;
mod feeding;
mod finishing;
mod intake;
mod look;
mod phase;
mod report;
mod waiting;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::SystemTime;

use binder_core::binder::Partition;
use binder_core::logic::lanes::Lanes;
use binder_core::{Acker, Tag};
use futures::task::AtomicWaker;
use slab::Slab;
use tokio::sync::watch;
use tokio::time::Instant;

use super::plan::InputPlan;
use super::sends::Sends;
use super::timers::Timers;
use crate::function::position::Position;
pub(crate) use counts::Counts;
pub(crate) use effects::Effects;
pub(crate) use entry::{Entry, Item, Source};
pub(crate) use look::Doing;
pub(crate) use phase::Phase;
pub(crate) use report::{Failing, Report, Tried};
use waiting::Role;

/// What is due later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A lane whose message failed may start again.
    Resume(u64),
    /// A message that a stream function failed is fed to it again.
    Feed(Source),
    /// Refused messages are sent again.
    Resend,
    /// What was taken away is finished no longer.
    GiveUp,
}

/// One input binding while it runs.
pub(crate) struct Flow {
    pub(crate) plan: InputPlan,
    acker: Arc<dyn Acker>,
    state: Mutex<State>,
    pump: AtomicWaker,
    /// Goes up when deliveries that a lane task has taken and not started must be given back.
    interrupts: AtomicU32,
    /// What `State::paused` says, for those who ask once a message.
    paused: AtomicBool,
    /// The task of a stream function, which keeps deliveries of its own.
    interrupted: AtomicWaker,
    /// What was counted, here and by earlier runs of the same input.
    pub(crate) counts: Arc<Counts>,
    /// Whether the first assignment has come.
    assigned: watch::Sender<bool>,
    /// Whether it has stopped at a message and holds what it was assigned.
    holding: watch::Sender<bool>,
    /// Tells that it stops by itself.
    failing: watch::Sender<bool>,
    /// What entries count their time from.
    begun: Instant,
}

/// Behind the lock.
pub(crate) struct State {
    pub(crate) lanes: Lanes<u32>,
    pub(crate) entries: Slab<Entry>,
    /// The highest position of a partition that has started, where one key may be behind another.
    started: HashMap<Partition, u64>,
    /// Bytes of the messages in `entries`.
    pub(crate) bytes: usize,
    /// Settlements that were decided and not yet told to the broker: the subscription is not
    /// closed before they are, or they would come too late.
    pub(crate) settling: usize,
    pub(crate) sends: Sends<Source>,
    pub(crate) timers: Timers<Due>,
    /// A resend is asked for and not yet done.
    pub(crate) resending: bool,
    /// Tokens of the dead letters that the pump has to publish.
    pub(crate) dead: Vec<u64>,
    pub(crate) idle: Vec<Option<Waker>>,
    pub(crate) phase: Phase,
    /// Nothing is taken in and nothing started until somebody says so.
    pub(crate) paused: bool,
    /// Since when it does what it does.
    since: SystemTime,
    /// The binding stops by itself.
    failing: bool,
    /// The message that it stops at.
    stopped_at: Option<Position>,
    /// The same, as long as its partition is ours.
    held: Option<Tag>,
    /// The subscription has ended by itself.
    ended: bool,
    /// It was told to end, and not to hold what it was assigned.
    leaving: bool,
    /// A task is gone, and what it had in hand is not waited for.
    abandoned: bool,
    /// Milliseconds since the flow began, as of the pump's last look at the clock.
    clock: u32,
    /// The pump waits for room.
    pub(crate) full: bool,
    /// Numbers the lanes of messages that need not be in order.
    pub(crate) loose: u64,
    pub(crate) serial: u32,
    pub(crate) random: u64,
    /// Kept for its allocation.
    taken: Vec<u32>,
}

impl Flow {
    /// `seed` is what jitter and the table of lanes begin with; not zero.
    pub(crate) fn new(
        plan: InputPlan,
        acker: Arc<dyn Acker>,
        seed: u64,
        counts: Arc<Counts>,
    ) -> Arc<Self> {
        let state = State {
            lanes: Lanes::seeded(seed),
            entries: Slab::new(),
            started: HashMap::new(),
            bytes: 0,
            settling: 0,
            sends: Sends::new(),
            timers: Timers::new(),
            resending: false,
            dead: Vec::new(),
            idle: Vec::new(),
            phase: Phase::Running,
            paused: false,
            since: SystemTime::now(),
            failing: false,
            stopped_at: None,
            held: None,
            ended: false,
            leaving: false,
            abandoned: false,
            clock: 0,
            full: false,
            loose: 0,
            serial: 0,
            random: seed,
            taken: Vec::new(),
        };
        Arc::new(Self {
            plan,
            acker,
            state: Mutex::new(state),
            pump: AtomicWaker::new(),
            interrupts: AtomicU32::new(0),
            paused: AtomicBool::new(false),
            interrupted: AtomicWaker::new(),
            counts,
            assigned: watch::Sender::new(false),
            holding: watch::Sender::new(false),
            failing: watch::Sender::new(false),
            begun: Instant::now(),
        })
    }

    /// A function that panics never holds this lock, so a poisoned one is whole.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first index that stands for dead letters, behind the outputs.
    pub(crate) fn dead_letters(&self) -> usize {
        self.plan.outputs.len()
    }

    /// The index of the dead letters of that delivery: all it reads may share one destination.
    pub(crate) fn letters_of(&self, tag: Tag) -> usize {
        let last = self.plan.letters.saturating_sub(1);
        self.dead_letters() + self.plan.origins.source(tag).min(last)
    }

    pub(crate) fn register_pump(&self, cx: &Context<'_>) {
        self.pump.register(cx.waker());
    }

    pub(crate) fn wake_pump(&self) {
        self.pump.wake();
    }

    /// The count that tells a lane task to ask which of its deliveries to give back.
    pub(crate) fn interrupts(&self) -> u32 {
        self.interrupts.load(Ordering::Acquire)
    }

    pub(crate) fn interrupt(&self) {
        self.interrupts.fetch_add(1, Ordering::Release);
    }

    /// Wakes this task when something has to be given back.
    pub(crate) fn register_interrupted(&self, cx: &Context<'_>) {
        self.interrupted.register(cx.waker());
    }
}

impl State {
    /// Whether a delivery may start now; in the lanes of a binding that stops is only what is to.
    pub(crate) fn may_start(&self) -> bool {
        !self.paused && !self.sends.is_stalled()
    }

    /// A number in `[0, 1)` for jitter (xorshift64, Marsaglia 2003: quality does not matter here).
    pub(crate) fn unit(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}
