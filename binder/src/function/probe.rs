//! Tells the forms of return types apart, behind aliases too.
//!
//! A method of the type itself is found before one of a trait. So what is written here for
//! `Probe<Option<T>>` wins over what the trait says of every `Probe<T>`. The impl blocks carry no
//! bounds: with one on the block, a type that does not meet it would fall through to the trait,
//! and a `Result` whose error is no error, but serializable, would be sent as a message. The
//! bounds stand on the methods.

use std::{iter, option, vec};

use super::encode::Sendable;
use super::error::Cause;
use super::failure::Failure;
use super::out::Out;
use super::outputs::Outputs;

/// Something returned, about to be looked at.
#[derive(Debug)]
pub struct Probe<T>(pub T);

/// First look: what was returned, if it was no error.
pub trait Returned {
    /// What was returned.
    type Value;

    /// Takes it.
    ///
    /// # Errors
    ///
    /// The function's.
    fn returned(self) -> Result<Self::Value, Failure>;
}

impl<T> Returned for Probe<T> {
    type Value = T;

    fn returned(self) -> Result<T, Failure> {
        Ok(self.0)
    }
}

impl<T, E> Probe<Result<T, E>> {
    /// What was returned, if it was no error.
    ///
    /// # Errors
    ///
    /// The function's.
    pub fn returned(self) -> Result<T, Failure>
    where
        E: Cause,
    {
        self.0.map_err(|error| error.into_error().into())
    }
}

/// Second look, once for each output: its messages.
pub trait Items {
    /// What becomes one message.
    type Item;

    /// Takes them.
    fn items(self) -> iter::Once<Probe<Self::Item>>;
}

impl<T> Items for Probe<T> {
    type Item = T;

    fn items(self) -> iter::Once<Self> {
        iter::once(self)
    }
}

impl<T> Probe<Option<T>> {
    /// None or one message.
    pub fn items(self) -> iter::Map<option::IntoIter<T>, fn(T) -> Probe<T>> {
        self.0.into_iter().map(Probe)
    }
}

impl<T> Probe<Vec<T>> {
    /// Any number of messages.
    pub fn items(self) -> iter::Map<vec::IntoIter<T>, fn(T) -> Probe<T>> {
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
