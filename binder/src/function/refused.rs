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

macro_rules! refuse {
    (items: [$($generic:ident),*] $type:ty, $bound:path) => {
        impl<$($generic),*> Probe<$type> {
            /// Refused.
            pub fn items<'a>(self) -> Refused
            where
                $type: $bound,
            {
                iter::empty()
            }
        }
    };
    (send: [$($generic:ident),*] $type:ty, $bound:path) => {
        impl<$($generic),*> Probe<$type> {
            /// Refused.
            ///
            /// # Errors
            ///
            /// None.
            pub fn send<'a>(self, _: usize, _: &mut Outputs) -> Result<(), Failure>
            where
                $type: $bound,
            {
                Ok(())
            }
        }
    };
}

refuse!(items: [] (), SomethingToSend<'a>);
refuse!(send: [] (), SomethingToSend<'a>);
refuse!(items: [T, E] Result<T, E>, OutsideOnly<'a>);
refuse!(send: [T, E] Result<T, E>, OutsideOnly<'a>);
refuse!(send: [T] Option<T>, OneMessage<'a>);
refuse!(send: [T] Vec<T>, OneMessage<'a>);

macro_rules! refuse_tuples {
    ($first:ident) => {};
    ($first:ident $($rest:ident)+) => {
        refuse!(items: [$first, $($rest),+] ($first, $($rest),+), OneOutput<'a>);
        refuse!(send: [$first, $($rest),+] ($first, $($rest),+), OneMessage<'a>);
        refuse_tuples!($($rest)+);
    };
}

refuse_tuples!(A B C D E F G H);
