//! A function that is called once and returns a stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;

use super::failure::Failure;
use super::feed::Feed;
use super::outputs::Outputs;
use super::slot::{Body, Steps};
use super::step::Step;
use super::token::Token;

/// What a stream function returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream of steps",
    label = "a stream function returns `impl Stream<Item = Step<T>>`",
    note = "make steps of messages: `messages.map(|message| message.map(|payload| …))`"
)]
pub trait StepStream: Stream<Item = Step<Self::Output>> {
    /// What a step sends.
    type Output;
}

#[diagnostic::do_not_recommend]
impl<U, T: Stream<Item = Step<U>>> StepStream for T {
    type Output = U;
}

/// What an emitter returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream",
    label = "an emitter returns `impl Stream<Item = T>`",
    note = "for one item every so often: `every(Duration::from_secs(10)).map(|_| …)`"
)]
pub trait ItemStream: Stream<Item = Self::Output> {
    /// What it sends.
    type Output;
}

#[diagnostic::do_not_recommend]
impl<T: Stream> ItemStream for T {
    type Output = T::Item;
}

/// A stream function: `call` gives its stream, `respond` turns what a step sends into outputs.
pub fn streams<S, C, T, R>(state: S, call: C, respond: R) -> Body
where
    S: Clone + Send + Sync + 'static,
    C: Fn(Feed, &S) -> T + Send + Sync + 'static,
    T: StepStream + Send + 'static,
    R: Fn(T::Output, &mut Outputs) -> Result<(), Failure> + Copy + Send + Sync + 'static,
{
    Body::Stream(Box::new(move |feed| {
        let stream = Box::pin(call(feed, &state));
        Box::new(Pinned {
            stream,
            take: move |step: Step<T::Output>, outputs: &mut Outputs, tokens: &mut Vec<Token>| {
                match step.settle(tokens)? {
                    Some(value) => respond(value, outputs),
                    None => Ok(()),
                }
            },
        })
    }))
}

/// An emitter: `call` gives its stream, `respond` turns an item into outputs.
pub fn emits<S, C, T, R>(state: S, call: C, respond: R) -> Body
where
    S: Clone + Send + Sync + 'static,
    C: Fn(&S) -> T + Send + Sync + 'static,
    T: ItemStream + Send + 'static,
    R: Fn(T::Output, &mut Outputs) -> Result<(), Failure> + Copy + Send + Sync + 'static,
{
    Body::Emitter(Box::new(move || {
        let stream = Box::pin(call(&state));
        Box::new(Pinned {
            stream,
            take: move |item, outputs: &mut Outputs, _: &mut Vec<Token>| respond(item, outputs),
        })
    }))
}

/// A stream, pinned once, and what becomes of its items.
struct Pinned<T, R> {
    stream: Pin<Box<T>>,
    take: R,
}

impl<T, R> Steps for Pinned<T, R>
where
    T: Stream + Send,
    R: Fn(T::Item, &mut Outputs, &mut Vec<Token>) -> Result<(), Failure> + Send,
{
    fn poll_step(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs,
        tokens: &mut Vec<Token>,
    ) -> Poll<Option<Result<(), Failure>>> {
        let next = ready!(self.stream.as_mut().poll_next(cx));
        Poll::Ready(next.map(|item| (self.take)(item, outputs, tokens)))
    }
}
