//! A function that is called once per message.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::call::Call;
use super::failure::{Class, Failure};
use super::outputs::Outputs;
use super::slot::{Body, Slot};

/// What `call` starts and `respond` turns into outputs, per message.
///
/// `call` makes the arguments and calls the function; `respond` gets what its future has returned.
pub fn calls<S, C, F, R>(state: S, call: C, respond: R) -> Body
where
    S: Clone + Send + Sync + 'static,
    C: Fn(&Call<'_>, &S) -> Result<F, Failure> + Copy + Send + Sync + 'static,
    F: Future + Send + 'static,
    R: Fn(F::Output, &mut Outputs) -> Result<(), Failure> + Copy + Send + Sync + 'static,
{
    Body::Calls(Box::new(move || {
        let state = state.clone();
        Box::new(CallSlot { state, call, respond, running: Box::pin(None) })
    }))
}

/// Room for one future, which is used again for every call.
struct CallSlot<S, C, F, R> {
    state: S,
    call: C,
    respond: R,
    running: Pin<Box<Option<F>>>,
}

impl<S, C, F, R> Slot for CallSlot<S, C, F, R>
where
    S: Send,
    C: Fn(&Call<'_>, &S) -> Result<F, Failure> + Send,
    F: Future + Send,
    R: Fn(F::Output, &mut Outputs) -> Result<(), Failure> + Send,
{
    fn start(&mut self, call: &Call<'_>) -> Result<(), Failure> {
        let future = (self.call)(call, &self.state)?;
        self.running.set(Some(future));
        Ok(())
    }

    fn poll(&mut self, cx: &mut Context<'_>, outputs: &mut Outputs) -> Poll<Result<(), Failure>> {
        let Some(future) = self.running.as_mut().as_pin_mut() else {
            return Poll::Ready(Err(Failure::new(Class::Dropped, "the call was dropped")));
        };
        future.poll(cx).map(|returned| {
            self.running.set(None);
            (self.respond)(returned, outputs)
        })
    }

    fn clear(&mut self) {
        self.running.set(None);
    }
}
