//! The runtime's side of a stream function's feed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;

use super::flow::{Flow, Item, Source};
use super::refeed::{Next, Refeed};
use crate::function::failure::{Class, Failure};
use crate::function::feed;
use crate::function::token::{Owner, Token};

/// How many deliveries are fetched from the flow at once.
const FETCH: usize = 128;

/// Feeds one stream function and hears of the messages that it drops.
pub(crate) struct Feeder {
    flow: Arc<Flow>,
    inner: Mutex<Inner>,
    /// The flow's count when it was last asked what has to go back.
    interrupts: AtomicU32,
    /// The function waits for a message.
    hungry: AtomicWaker,
}

#[derive(Default)]
struct Inner {
    fetched: VecDeque<Item>,
    refeed: Refeed,
    /// Messages that failed without a step, since the stream was last polled.
    failed: Vec<(u64, Failure)>,
    /// The task that has to look at `failed` when a message is dropped outside the stream.
    task: Option<std::task::Waker>,
}

impl Feeder {
    pub(crate) fn new(flow: Arc<Flow>) -> Arc<Self> {
        Arc::new(Self {
            flow,
            inner: Mutex::default(),
            interrupts: AtomicU32::new(0),
            hungry: AtomicWaker::new(),
        })
    }

    /// A function that panics never holds this lock, so a poisoned one is whole.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watch(&self, cx: &Context<'_>) {
        self.lock().task = Some(cx.waker().clone());
    }

    /// A message came out as a step. `false`: a leftover of an earlier feeding.
    pub(crate) fn out(&self, token: u64) -> bool {
        let known = self.lock().refeed.out(token) || self.flow.is_current(Source::from_id(token));
        self.hungry.wake();
        known
    }

    /// The messages that failed without a step and are ours to judge.
    pub(crate) fn take_failed(&self) -> Vec<(u64, Failure)> {
        let failed = std::mem::take(&mut self.lock().failed);
        failed.into_iter().filter(|(token, _)| self.out(*token)).collect()
    }

    /// The stream ended or panicked: messages it only dropped are fed again, uncounted; gives those
    /// that had failed by themselves, and the one to charge.
    pub(crate) fn broke(&self) -> (Vec<(u64, Failure)>, Option<u32>) {
        let mut inner = self.lock();
        let mut failed = std::mem::take(&mut inner.failed);
        failed.retain(|(_, failure)| failure.class != Class::Dropped);
        failed.retain(|(token, _)| inner.refeed.out(*token));
        let charged = inner.refeed.broke();
        // What is left of this run must not settle what the next one is fed.
        self.flow.renew(inner.refeed.again().chain(charged));
        (failed, charged)
    }

    /// Whether the function holds messages.
    pub(crate) fn is_holding(&self) -> bool {
        !self.lock().refeed.is_empty()
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.lock().refeed.is_alone()
    }

    /// Feeding returns to normal.
    pub(crate) fn relax(&self) {
        self.lock().refeed.relax();
        self.hungry.wake();
    }

    /// Gives everything back that has not come out.
    pub(crate) fn release_all(&self) {
        let mut inner = self.lock();
        let mut indices: Vec<u32> = inner.refeed.take_all().collect();
        indices.extend(inner.fetched.drain(..).map(|item| item.index));
        drop(inner);
        self.flow.release_all(indices);
    }

    /// Gives back what was taken from this binding and stands before the function, or waits to be
    /// fed again.
    pub(crate) fn give_back_revoked(&self) {
        // Asked once a message: without the lock.
        let interrupts = self.flow.interrupts();
        if self.interrupts.swap(interrupts, Ordering::AcqRel) != interrupts {
            self.give_back_gone();
        }
    }

    /// The same, whether or not anything was taken since it was last asked: what the function held
    /// then may wait to be fed again now.
    pub(crate) fn give_back_gone(&self) {
        let mut inner = self.lock();
        let mut gone = inner.refeed.take_again(|index| self.flow.is_gone(index));
        inner.fetched.retain(|item| {
            let stays = !self.flow.is_gone(item.index);
            gone.extend((!stays).then_some(item.index));
            stays
        });
        // Foreign code runs without the lock.
        drop(inner);
        self.flow.release_all(gone);
    }

    fn next(&self, inner: &mut Inner, cx: &Context<'_>) -> Option<Item> {
        if self.flow.is_paused() {
            self.flow.watch(cx);
            // Asked again: who has resumed it meanwhile has found nobody to wake.
            if self.flow.is_paused() {
                return None;
            }
        }
        match inner.refeed.next() {
            Next::Nothing => {
                self.flow.watch(cx);
                None
            }
            Next::One(index) => match self.flow.feed_one(index) {
                Some(item) => Some(item),
                None => self.next(inner, cx),
            },
            Next::Any => {
                if inner.fetched.is_empty() {
                    self.flow.feed(FETCH, &mut inner.fetched, cx);
                }
                inner.fetched.pop_front()
            }
        }
    }
}

/// Lets a message carry its settlement to the feeder that fed it.
struct Fed(Arc<Feeder>);

impl Owner for Fed {
    fn failed(&self, id: u64, failure: Failure) {
        let mut inner = self.0.lock();
        inner.failed.push((id, failure));
        let task = inner.task.take();
        drop(inner);
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// A feed of one run of the function.
pub(crate) struct FeederSource {
    feeder: Arc<Feeder>,
    owner: Arc<dyn Owner>,
}

impl FeederSource {
    pub(crate) fn new(feeder: Arc<Feeder>) -> Self {
        let owner = Arc::new(Fed(feeder.clone()));
        Self { feeder, owner }
    }
}

impl feed::Source for FeederSource {
    fn poll_fed(&self, cx: &mut Context<'_>) -> Poll<Option<feed::Fed>> {
        let feeder = &self.feeder;
        feeder.hungry.register(cx.waker());
        if !feeder.flow.is_running() {
            return Poll::Ready(None);
        }
        feeder.give_back_revoked();
        let mut inner = feeder.lock();
        let Some(item) = feeder.next(&mut inner, cx) else {
            // A drain that has begun since the first question may have woken nobody.
            return if feeder.flow.is_running() { Poll::Pending } else { Poll::Ready(None) };
        };
        let id = Source { index: item.index, serial: item.serial }.id();
        inner.refeed.fed(id, item.index);
        drop(inner);
        let token = Token::new(id, self.owner.clone());
        let (destination, tag) = item.place(&feeder.flow.plan.origins);
        let (destination, Item { message, attempt, .. }) = (destination.clone(), item);
        Poll::Ready(Some(feed::Fed { message, destination, tag, attempt, token }))
    }
}
