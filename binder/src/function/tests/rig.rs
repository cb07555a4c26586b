//! What the runtime does, in small.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use binder_core::message as wire;
use binder_core::{Destination, Tag};

use crate::function::call::Call;
use crate::function::definition::Listener;
use crate::function::failure::{Class, Failure};
use crate::function::feed::{Fed, Feed, Source};
use crate::function::outputs::Outputs;
use crate::function::slot::{Body, Slot, Steps};
use crate::function::token::{Owner, Token};

/// What became of a call: its outputs, as output and message, or its failure.
pub(super) type Sent = Result<Vec<(usize, wire::Message)>, Failure>;

/// A message with that payload.
pub(super) fn message(payload: &'static str) -> wire::Message {
    wire::Message::new(payload)
}

pub(super) fn tag(sequence: u64) -> Tag {
    Tag { epoch: 0, partition: 3, sequence }
}

/// The outputs as output and text.
pub(super) fn texts(sent: Sent) -> Vec<(usize, String)> {
    let text =
        |message: wire::Message| String::from_utf8(message.payload.unwrap().to_vec()).unwrap();
    sent.unwrap().into_iter().map(|(output, message)| (output, text(message))).collect()
}

pub(super) fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// A slot of a listener, in an application with that state.
pub(super) fn slot<L: Listener<S>, S>(state: S) -> Box<dyn Slot> {
    let Body::Calls(make) = L::body(state) else { panic!("it is not called per message") };
    make()
}

/// Starts a call.
pub(super) fn start(slot: &mut dyn Slot, message: &wire::Message) -> Result<(), Failure> {
    let destination = Destination::new("shop.orders").unwrap();
    slot.start(&Call { message, destination: &destination, tag: tag(17), attempt: 2 })
}

/// Starts a call and polls it once.
pub(super) fn call_once(slot: &mut dyn Slot, message: &wire::Message) -> Poll<Sent> {
    let mut outputs = Outputs::new();
    if let Err(failure) = start(slot, message) {
        return Poll::Ready(Err(failure));
    }
    let polled = slot.poll(&mut context(), &mut outputs);
    polled.map(|result| result.map(|()| outputs.drain_from(0).collect()))
}

/// Calls a listener of a stateless application with that message, which must not wait.
pub(super) fn call<L: Listener<()>>(message: &wire::Message) -> Sent {
    match call_once(slot::<L, ()>(()).as_mut(), message) {
        Poll::Ready(sent) => sent,
        Poll::Pending => panic!("the call waits"),
    }
}

/// The same, which must fail.
pub(super) fn failure<L: Listener<()>>(message: &wire::Message) -> (Class, String) {
    let failure = call::<L>(message).unwrap_err();
    (failure.class, failure.cause)
}

/// What a stream function was given, and what it failed.
#[derive(Default)]
pub(super) struct Belt {
    waiting: Mutex<VecDeque<wire::Message>>,
    given: Mutex<u64>,
    is_over: Mutex<bool>,
    failed: Mutex<Vec<(u64, Class, String)>>,
}

/// A running stream function and its belt.
pub(super) struct Running {
    belt: Arc<Belt>,
    steps: Box<dyn Steps>,
}

/// A step: which messages it settles, and what it sends.
pub(super) type Step = (Vec<u64>, Sent);

impl Running {
    /// A stream function, fed with these payloads.
    pub(super) fn new<L: Listener<S>, S>(state: S, payloads: &[&'static str]) -> Self {
        let Body::Stream(make) = L::body(state) else { panic!("it is not a stream function") };
        let belt = Arc::new(Belt::default());
        belt.waiting.lock().unwrap().extend(payloads.iter().map(|payload| message(payload)));
        let steps = make(Feed::new(Arc::new(Line(belt.clone()))));
        Self { belt, steps }
    }

    /// One more message.
    pub(super) fn feed(&self, payload: &'static str) {
        self.belt.waiting.lock().unwrap().push_back(message(payload));
    }

    /// No more messages will come.
    pub(super) fn end(&self) {
        *self.belt.is_over.lock().unwrap() = true;
    }

    /// The next step; `Ready(None)` at the end.
    pub(super) fn next(&mut self) -> Poll<Option<Step>> {
        let (mut outputs, mut tokens) = (Outputs::new(), Vec::new());
        let polled = self.steps.poll_step(&mut context(), &mut outputs, &mut tokens);
        let ids = tokens.into_iter().map(Token::into_id).collect();
        polled.map(|step| {
            let sent = step?.map(|()| outputs.drain_from(0).collect());
            Some((ids, sent))
        })
    }

    /// The next step, which must be there.
    pub(super) fn step(&mut self) -> Step {
        match self.next() {
            Poll::Ready(Some(step)) => step,
            other => panic!("no step but {other:?}"),
        }
    }

    /// Drops the stream, and what it holds.
    pub(super) fn abandon(self) -> Vec<(u64, Class, String)> {
        drop(self.steps);
        self.belt.failed.lock().unwrap().clone()
    }

    /// What has failed outside of a step, in order.
    pub(super) fn failed(&self) -> Vec<(u64, Class, String)> {
        self.belt.failed.lock().unwrap().clone()
    }
}

struct Line(Arc<Belt>);

impl Source for Line {
    fn poll_fed(&self, _: &mut Context<'_>) -> Poll<Option<Fed>> {
        let Some(message) = self.0.waiting.lock().unwrap().pop_front() else {
            let is_over = *self.0.is_over.lock().unwrap();
            return if is_over { Poll::Ready(None) } else { Poll::Pending };
        };
        let mut given = self.0.given.lock().unwrap();
        let id = *given;
        *given += 1;
        let token = Token::new(id, self.0.clone());
        let destination = Destination::new("shop.orders").unwrap();
        Poll::Ready(Some(Fed { message, destination, tag: tag(id), attempt: 1, token }))
    }
}

impl Owner for Belt {
    fn failed(&self, id: u64, failure: Failure) {
        self.failed.lock().unwrap().push((id, failure.class, failure.cause));
    }
}
