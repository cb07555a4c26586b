//! The binder's end of a scripted input.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use binder_core::binder::Partition;
use binder_core::{
    Acker, BoundInput, ConsumerSpec, Delivery, Error, ErrorKind, Incoming, Limit, Result, Room,
    Settlement, Subscription, Tag,
};

use crate::script::event::{Events, ScriptEvent};
use crate::script::feed::Feed;
use crate::signal::{Signal, lock};

const DEFAULT_BATCH: usize = 256;
const DEFAULT_IN_FLIGHT: Limit = Limit { messages: 1_024, bytes: 64 << 20 };

/// What the test and the subscription have in common.
#[derive(Debug)]
pub(super) struct Shared {
    destination: String,
    events: Events,
    state: Mutex<State>,
    pub(super) signal: Signal,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) feed: Feed,
    pub(super) max_batch: usize,
    pub(super) assigned: bool,
    pub(super) failure: Option<Error>,
    pub(super) bind_failure: Option<Error>,
    pub(super) close_stalled: bool,
    pub(super) calls_with_deliveries: usize,
    pub(super) calls_with_settlements: usize,
    pub(super) bound: bool,
    pub(super) closed: bool,
    pub(super) spec: Option<ConsumerSpec>,
    revoked: Vec<Partition>,
    assignment_told: bool,
    /// What is unsettled leaves no room for the next message: a settlement is news.
    limited: bool,
    waker: Option<Waker>,
}

impl State {
    pub(super) fn revoke(&mut self, partition: u32) {
        if let Some(epoch) = self.feed.revoke(partition) {
            self.revoked.push(Partition { epoch, partition });
        }
    }
}

impl Shared {
    pub(super) fn new(destination: &str, events: Events) -> Self {
        let state = State {
            feed: Feed::new(),
            max_batch: DEFAULT_BATCH,
            assigned: true,
            failure: None,
            bind_failure: None,
            close_stalled: false,
            calls_with_deliveries: 0,
            calls_with_settlements: 0,
            bound: false,
            closed: false,
            spec: None,
            revoked: Vec::new(),
            assignment_told: false,
            limited: false,
            waker: None,
        };
        let signal = Signal::default();
        Self { destination: destination.into(), events, state: Mutex::new(state), signal }
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&lock(&self.state))
    }

    /// Changes the state, then wakes the subscription and whoever waits in the test.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.change_and_wake(|state| (change(state), true))
    }

    /// The same; the subscription is woken if the answer says so.
    fn change_and_wake<T>(&self, change: impl FnOnce(&mut State) -> (T, bool)) -> T {
        let mut state = lock(&self.state);
        let (answer, wake) = change(&mut state);
        let waker = if wake { state.waker.take() } else { None };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        self.signal.changed();
        answer
    }

    fn record(&self, event: fn(String) -> ScriptEvent) {
        self.events.record(event(self.destination.clone()));
    }

    pub(super) fn bind(self: &Arc<Self>, spec: &ConsumerSpec) -> Result<BoundInput> {
        self.change(|state| {
            if let Some(error) = state.bind_failure.take() {
                return Err(error);
            }
            if state.bound {
                let what = format!("the scripted input `{}` is bound already", self.destination);
                return Err(Error::new(ErrorKind::Unsupported, what)
                    .with_hint("script each group by itself with `input_of`"));
            }
            if state.spec.is_some() {
                state.feed.restart_all();
            }
            state.spec = Some(spec.clone());
            (state.bound, state.closed, state.assignment_told) = (true, false, false);
            state.revoked.clear();
            Ok(())
        })?;
        self.record(ScriptEvent::BoundInput);
        let limit = spec.max_in_flight.unwrap_or(DEFAULT_IN_FLIGHT);
        let subscription = Box::new(ScriptedSubscription { shared: self.clone(), limit });
        Ok(BoundInput { subscription, acker: Arc::new(ScriptedAcker(self.clone())) })
    }
}

struct ScriptedSubscription {
    shared: Arc<Shared>,
    limit: Limit,
}

impl Subscription for ScriptedSubscription {
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Result<Incoming>> {
        let mut state = lock(&self.shared.state);
        if let Some(error) = state.failure.take() {
            return Poll::Ready(Err(error));
        }
        if state.assigned && !state.assignment_told {
            state.assignment_told = true;
            drop(state);
            self.shared.record(ScriptEvent::Assigned);
            self.shared.signal.changed();
            return Poll::Ready(Ok(Incoming::Assigned));
        }
        if !state.revoked.is_empty() {
            return Poll::Ready(Ok(Incoming::Revoked(std::mem::take(&mut state.revoked))));
        }
        let max_batch = state.max_batch;
        if state.assignment_told && state.feed.deliver(room, max_batch, self.limit, batch) {
            state.calls_with_deliveries += 1;
            let first = state.calls_with_deliveries == 1;
            drop(state);
            if first {
                self.shared.record(ScriptEvent::FirstDelivered);
            }
            self.shared.signal.changed();
            return Poll::Ready(Ok(Incoming::Deliveries));
        }
        state.limited = room.messages > 0 && !state.feed.has_room(self.limit);
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = lock(&self.shared.state);
        if state.close_stalled {
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if !std::mem::replace(&mut state.closed, true) {
            drop(state);
            self.shared.record(ScriptEvent::ClosedInput);
            self.shared.signal.changed();
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for ScriptedSubscription {
    fn drop(&mut self) {
        self.shared.change(|state| state.bound = false);
        self.shared.record(ScriptEvent::DroppedInput);
    }
}

struct ScriptedAcker(Arc<Shared>);

impl Acker for ScriptedAcker {
    fn settle(&self, batch: &[(Tag, Settlement)]) {
        if batch.is_empty() {
            return;
        }
        // A broker says nothing when it is told of a settlement, unless that makes room.
        self.0.change_and_wake(|state| {
            state.calls_with_settlements += 1;
            for &(tag, settlement) in batch {
                state.feed.settle(tag, settlement, state.closed);
            }
            ((), state.limited)
        });
    }
}
