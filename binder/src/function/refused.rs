//! What a function must not return, each as a trait that nothing implements, for its message.
//!
//! The probe's methods ask for them, so the compiler says why where the return type stands. The
//! lifetime keeps a bound from being checked before the method is used.

use std::iter;

use super::failure::Failure;
use super::outputs::Outputs;
use super::probe::Probe;

/// `()` where there is an output.
#[diagnostic::on_unimplemented(
    message = "the function has an output but returns nothing to send",
    label = "return what the output sends",
    note = "for a function that only sometimes sends return `Option<T>`",
    note = "for one that never sends remove `#[output]`"
)]
pub trait SomethingToSend<'a> {}

/// A container of containers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` inside of `Option<_>` or `Vec<_>`: how many messages that is cannot be told",
    label = "return `Option<T>` for none or one message, `Vec<T>` for any number",
    note = "for one message whose payload is a list or may be null wrap it: `Out<{Self}>`"
)]
pub trait OneMessage<'a> {}

/// A result inside of something.
#[diagnostic::on_unimplemented(
    message = "`{Self}` inside of a return type: a function succeeds or fails as a whole",
    label = "put the `Result` outside: `Result<Vec<T>, E>`, `Result<(A, B), E>`",
    note = "inside, call `?` or `collect::<Result<Vec<_>, _>>()`"
)]
pub trait OutsideOnly<'a> {}

/// A tuple where there is one output.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot go to one output",
    label = "a tuple has one element for each output",
    note = "name all outputs: `#[output(\"first\", \"second\")]`",
    note = "for one message whose payload is a tuple wrap it: `Out<{Self}>`"
)]
pub trait OneOutput<'a> {}

/// The item of what is refused; there is none.
#[derive(Debug)]
pub enum Never {}

/// The items of what is refused.
type Refused = iter::Empty<Probe<Never>>;

/// So that a refusal is reported once.
impl Probe<Never> {
    /// Never called.
    ///
    /// # Errors
    ///
    /// None.
    pub fn send(self, _: usize, _: &mut Outputs) -> Result<(), Failure> {
        match self.0 {}
    }
}

impl Probe<()> {
    /// Refused.
    pub fn items<'a>(self) -> Refused
    where
        (): SomethingToSend<'a>,
    {
        iter::empty()
    }

    /// Refused.
    ///
    /// # Errors
    ///
    /// None.
    pub fn send<'a>(self, _: usize, _: &mut Outputs) -> Result<(), Failure>
    where
        (): SomethingToSend<'a>,
    {
        Ok(())
    }
}

impl<T, E> Probe<Result<T, E>> {
    /// Refused.
    pub fn items<'a>(self) -> Refused
    where
        Result<T, E>: OutsideOnly<'a>,
    {
        iter::empty()
    }

    /// Refused.
    ///
    /// # Errors
    ///
    /// None.
    pub fn send<'a>(self, _: usize, _: &mut Outputs) -> Result<(), Failure>
    where
        Result<T, E>: OutsideOnly<'a>,
    {
        Ok(())
    }
}

impl<T> Probe<Option<T>> {
    /// Refused.
    ///
    /// # Errors
    ///
    /// None.
    pub fn send<'a>(self, _: usize, _: &mut Outputs) -> Result<(), Failure>
    where
        Option<T>: OneMessage<'a>,
    {
        Ok(())
    }
}

impl<T> Probe<Vec<T>> {
    /// Refused.
    ///
    /// # Errors
    ///
    /// None.
    pub fn send<'a>(self, _: usize, _: &mut Outputs) -> Result<(), Failure>
    where
        Vec<T>: OneMessage<'a>,
    {
        Ok(())
    }
}

macro_rules! refuse_tuples {
    () => {};
    ($first:ident $($rest:ident)*) => {
        impl<$first, $($rest),*> Probe<($first, $($rest),*)> {
            /// Refused.
            pub fn items<'a>(self) -> Refused
            where
                ($first, $($rest),*): OneOutput<'a>,
            {
                iter::empty()
            }

            /// Refused.
            ///
            /// # Errors
            ///
            /// None.
            pub fn send<'a>(self, _: usize, _: &mut Outputs) -> Result<(), Failure>
            where
                ($first, $($rest),*): OneMessage<'a>,
            {
                Ok(())
            }
        }

        refuse_tuples!($($rest)*);
    };
}

refuse_tuples!(A B C D E F G H);
