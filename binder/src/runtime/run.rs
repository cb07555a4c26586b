//! One lane's messages through one slot of the function.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::task::{ArcWake, AtomicWaker, waker};
use tokio::time::Instant;

use super::flow::{Effects, Failing, Flow, Item, Report, Tried};
use crate::function::call::Call;
use crate::function::failure::{Class, Failure};
use crate::function::outputs::Outputs;
use crate::function::slot::Slot;

/// What a run did when it was let go on.
pub(crate) enum Turn {
    /// Its call is pending.
    Waits,
    /// The budget is used up.
    Tired,
    /// Its lane is done.
    Done(u64),
    /// Its lane is held: a message failed.
    Held,
}

/// Handles one lane at a time.
pub(crate) struct Run {
    slot: Box<dyn Slot>,
    lane: Option<u64>,
    /// What was taken and not started.
    queue: VecDeque<Item>,
    /// The message whose call is pending.
    current: Option<Item>,
    /// Since when it has been.
    since: Option<Instant>,
    /// Whether a call for a message of this lane has been pending.
    waited: bool,
    interrupts: u32,
    wake: Arc<Wake>,
    waker: Waker,
}

/// Remembers which run of a task was woken, so that the others are not polled.
#[derive(Default)]
struct Wake {
    woken: AtomicBool,
    task: AtomicWaker,
}

impl ArcWake for Wake {
    fn wake_by_ref(this: &Arc<Self>) {
        this.woken.store(true, Ordering::Release);
        this.task.wake();
    }
}

impl Run {
    pub(crate) fn new(slot: Box<dyn Slot>) -> Self {
        let wake = Arc::new(Wake::default());
        let waker = waker(wake.clone());
        Self {
            slot,
            lane: None,
            queue: VecDeque::new(),
            current: None,
            since: None,
            waited: false,
            interrupts: 0,
            wake,
            waker,
        }
    }

    pub(crate) const fn is_idle(&self) -> bool {
        self.lane.is_none()
    }

    /// Since when the current call has been pending.
    pub(crate) const fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Whether a call for a message of its lane, or of its last one, has been pending.
    pub(crate) const fn waited(&self) -> bool {
        self.waited
    }

    /// Takes the next ready lane, if there is one.
    pub(crate) fn begin(&mut self, flow: &Flow, task: usize, max: usize, cx: &Context<'_>) -> bool {
        self.interrupts = flow.interrupts();
        self.waited = false;
        self.lane = flow.take(task, max.max(1), &mut self.queue, cx);
        self.lane.is_some()
    }

    /// Handles messages until a call is pending, one fails, or there is none left.
    pub(crate) fn go(
        &mut self,
        flow: &Arc<Flow>,
        budget: &mut usize,
        outputs: &mut Outputs,
        reports: &mut Vec<Report>,
        effects: &mut Effects,
        cx: &Context<'_>,
    ) -> Turn {
        let Some(lane) = self.lane else { return Turn::Held };
        // Before any poll of the call: a wake-up between the poll and a later registration would
        // be lost.
        self.wake.task.register(cx.waker());
        if self.current.is_some() && !self.wake.woken.swap(false, Ordering::AcqRel) {
            return Turn::Waits;
        }
        loop {
            if self.interrupts != flow.interrupts() {
                self.interrupts = flow.interrupts();
                flow.give_back_taken(lane, &mut self.queue, effects);
            }
            let (item, resumed) = match (self.current.take(), self.queue.is_empty()) {
                (Some(item), _) => (item, true),
                (None, true) => {
                    self.lane = None;
                    return Turn::Done(lane);
                }
                (None, false) if *budget == 0 || outputs.is_heavy() => {
                    *budget = 0;
                    return Turn::Tired;
                }
                (None, false) => match self.queue.pop_front() {
                    Some(item) => (item, false),
                    None => return Turn::Waits,
                },
            };
            let mark = outputs.len();
            match self.attempt(flow, &item, resumed, outputs) {
                Poll::Pending => {
                    outputs.truncate(mark);
                    self.since = Some(self.since.unwrap_or_else(Instant::now));
                    self.waited = true;
                    self.current = Some(item);
                    return Turn::Waits;
                }
                Poll::Ready(Ok(())) => {
                    *budget = budget.saturating_sub(1);
                    self.since = None;
                    let tried = Tried::Returned { outputs: outputs.len() - mark };
                    reports.push(Report::of(item, tried));
                }
                Poll::Ready(Err(failure)) => {
                    outputs.truncate(mark);
                    self.fail(item, flow.plan.classes.classify(failure), reports);
                    return Turn::Held;
                }
            }
        }
    }

    /// Starts or continues a call; a panic is a failure like another.
    fn attempt(
        &mut self,
        flow: &Flow,
        item: &Item,
        resumed: bool,
        outputs: &mut Outputs,
    ) -> Poll<Result<(), Failure>> {
        let Self { slot, waker, wake, .. } = self;
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            if !resumed {
                wake.woken.store(false, Ordering::Release);
                let (destination, tag) = item.place(&flow.plan.origins);
                #[cfg(feature = "fault-hooks")]
                super::hooks::started(destination, &item.message, tag);
                let call = Call { message: &item.message, destination, tag, attempt: item.attempt };
                slot.start(&call)?;
            }
            match slot.poll(&mut Context::from_waker(waker), outputs) {
                Poll::Ready(result) => result.map(Poll::Ready),
                Poll::Pending => Ok(Poll::Pending),
            }
        }));
        match attempt {
            Ok(Ok(Poll::Pending)) => Poll::Pending,
            Ok(Ok(Poll::Ready(()))) => Poll::Ready(Ok(())),
            Ok(Err(failure)) => Poll::Ready(Err(failure)),
            Err(panic) => {
                clear(self.slot.as_mut());
                Poll::Ready(Err(Failure::new(Class::Panic, panic_text(panic.as_ref()))))
            }
        }
    }

    /// Drops the call: its time is up.
    pub(crate) fn expire(&mut self, deadline: Duration, reports: &mut Vec<Report>) {
        if let Some(item) = self.current.take() {
            clear(self.slot.as_mut());
            let why = format!("no result within {deadline:?} (`deadline`)");
            self.fail(item, Failure::new(Class::Deadline, why), reports);
        }
    }

    fn fail(&mut self, item: Item, failure: Failure, reports: &mut Vec<Report>) {
        self.since = None;
        self.lane = None;
        let rest = std::mem::take(&mut self.queue);
        reports.push(Report::of(item, Tried::Failed(Box::new(Failing { failure, rest }))));
    }
}

/// Drops a call, whose destructors may panic too.
fn clear(slot: &mut dyn Slot) {
    if catch_unwind(AssertUnwindSafe(|| slot.clear())).is_err() {
        tracing::error!("a panic while a call was dropped");
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".into())
}
