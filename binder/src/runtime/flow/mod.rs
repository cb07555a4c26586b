//! What the pump, the lane tasks and the publishers of one input binding share.

mod complete;
mod effects;
mod entry;
mod feeding;
mod intake;
mod phase;
mod report;
mod waiting;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use binder_core::logic::lanes::Lanes;
use binder_core::{Acker, Tag};
use futures::task::AtomicWaker;
use slab::Slab;

use super::plan::InputPlan;
use super::sends::Sends;
use super::timers::Timers;
pub(crate) use effects::Effects;
pub(crate) use entry::{Entry, Item, Source};
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
    /// What was counted.
    pub(crate) counts: Counts,
}

/// What an operator wants to see of one input.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) delivered: AtomicU64,
    pub(crate) settled: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) dead_lettered: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) refused: AtomicU64,
}

impl Counts {
    pub(crate) fn add(count: &AtomicU64, by: usize) {
        count.fetch_add(by as u64, Ordering::Relaxed);
    }
}

/// Behind the lock.
pub(crate) struct State {
    pub(crate) lanes: Lanes<u32>,
    pub(crate) entries: Slab<Entry>,
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
    pub(crate) fn new(plan: InputPlan, acker: Arc<dyn Acker>, seed: u64) -> Arc<Self> {
        let state = State {
            lanes: Lanes::seeded(seed),
            entries: Slab::new(),
            bytes: 0,
            settling: 0,
            sends: Sends::new(),
            timers: Timers::new(),
            resending: false,
            dead: Vec::new(),
            idle: Vec::new(),
            phase: Phase::Running,
            paused: false,
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
            counts: Counts::default(),
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
    /// Whether a delivery may start now.
    pub(crate) fn may_start(&self) -> bool {
        !self.paused && !self.sends.is_stalled() && self.phase.is_running()
    }

    /// A number in `[0, 1)` for jitter (xorshift64, Marsaglia 2003: quality does not matter here).
    pub(crate) fn unit(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}
