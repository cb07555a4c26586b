//! Tells the forms of return types apart, behind aliases too.
//!
//! A method of the type itself is found before one of a trait. So what is written here for
//! `Probe<Option<T>>` wins over what a trait says of every `Probe<T>`. The impl blocks carry no
//! bounds: with one on the block, a type that does not meet it would fall through to the trait,
//! and a `Result` whose error is no error, but serializable, would be sent as a message. The
//! bounds stand on the methods.

use std::{iter, option, vec};

use super::elements::{Elements, Nothing};
use super::encode::Sendable;
use super::error::Cause;
use super::failure::Failure;
use super::out::Out;
use super::outputs::Outputs;

/// Something returned, about to be looked at.
#[derive(Debug)]
pub struct Probe<T>(pub(crate) T);

/// Makes a probe of anything.
pub trait IntoProbe: Sized {
    /// The probe. As a method of the value it is silent about one whose type is wrong already.
    fn __probe(self) -> Probe<Self> {
        Probe(self)
    }
}

impl<T> IntoProbe for T {}

/// First look: what was returned, if it was no error.
pub trait Returned: Sized {
    /// All but a [`Result`] is what was returned.
    ///
    /// # Errors
    ///
    /// None.
    fn returned(self) -> Result<Self, Failure> {
        Ok(self)
    }
}

impl<T> Returned for Probe<T> {}

impl<T, E> Probe<Result<T, E>> {
    /// What was returned, if it was no error.
    ///
    /// # Errors
    ///
    /// The function's.
    pub fn returned(self) -> Result<Probe<T>, Failure>
    where
        E: Cause,
    {
        self.0.map(Probe).map_err(|error| error.into_error().into())
    }
}

impl<T> Probe<T> {
    /// Second look, without outputs: there is nothing.
    pub fn nothing(self)
    where
        T: Nothing,
    {
    }
}

/// Second look, with several outputs: the element for each.
pub fn elements<const N: usize, T: Elements<N>>(tuple: Probe<T>) -> T::Probes {
    tuple.0.elements()
}

/// Third look, once for each output: its messages.
pub trait Items: Sized {
    /// All but a container is one message.
    fn items(self) -> iter::Once<Self> {
        iter::once(self)
    }
}

impl<T> Items for Probe<T> {}

/// The items of a container.
type Many<I, T> = iter::Map<I, fn(T) -> Probe<T>>;

impl<T> Probe<Option<T>> {
    /// None or one message.
    pub fn items(self) -> Many<option::IntoIter<T>, T> {
        self.0.into_iter().map(Probe)
    }
}

impl<T> Probe<Vec<T>> {
    /// Any number of messages.
    pub fn items(self) -> Many<vec::IntoIter<T>, T> {
        self.0.into_iter().map(Probe)
    }
}

/// Last look, once for each message: sends it.
pub trait Sends {
    /// What is sent.
    type Payload;

    /// Adds the message to `outputs`.
    ///
    /// # Errors
    ///
    /// When it cannot be encoded.
    fn send(self, output: usize, outputs: &mut Outputs) -> Result<(), Failure>
    where
        Self::Payload: Sendable;
}

impl<T> Sends for Probe<T> {
    type Payload = T;

    fn send(self, output: usize, outputs: &mut Outputs) -> Result<(), Failure>
    where
        T: Sendable,
    {
        Out::new(self.0).send(output, outputs)
    }
}

impl<T> Probe<Out<T>> {
    /// Adds the message to `outputs`.
    ///
    /// # Errors
    ///
    /// When it cannot be encoded.
    pub fn send(self, output: usize, outputs: &mut Outputs) -> Result<(), Failure>
    where
        T: Sendable,
    {
        self.0.send(output, outputs)
    }
}
