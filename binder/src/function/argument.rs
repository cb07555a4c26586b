//! Parameters of bound functions, of an application with state `S`.
//!
//! Two questions are asked of each: whether its type is a parameter at all, which is answered
//! where the function stands, and whether the state has what it needs, which can only be answered
//! where the function is given to an application. A type that is no parameter is not asked the
//! second question, so that it is one error.

use std::marker::PhantomData;

use super::call::Call;
use super::extract::FromCall;
use super::failure::Failure;
use super::state::{FromRef, OnceArgument};

/// A parameter type, and whether it is one.
#[derive(Debug)]
pub struct Parameter<A, const IS: bool>(PhantomData<A>);

/// Whether `A` is a parameter of a function that is called per message: its own constant says yes
/// where it exists, and [`No`] says no elsewhere.
#[derive(Debug)]
pub struct PerCall<A>(PhantomData<A>);

impl<A: FromCall> PerCall<A> {
    /// It is.
    pub const IS: bool = true;
}

/// Whether `A` is a parameter of a function that is called once.
#[derive(Debug)]
pub struct PerRun<A>(PhantomData<A>);

impl<A: OnceArgument> PerRun<A> {
    /// It is.
    pub const IS: bool = true;
}

/// The answer for all others.
pub trait No {
    /// It is not.
    const IS: bool = false;
}

impl<A> No for PerCall<A> {}
impl<A> No for PerRun<A> {}

/// Asks for a parameter of a function that is called per message.
pub const fn is_per_call<A: FromCall>() {}

/// Asks for a parameter of a function that is called once.
pub const fn is_per_run<A: OnceArgument>() {}

/// A parameter that is made for each call.
pub trait CallArgument<S> {
    /// Its type.
    type Argument;

    /// Makes it.
    ///
    /// # Errors
    ///
    /// When it cannot be made from this message.
    fn argument(call: &Call<'_>, state: &S) -> Result<Self::Argument, Failure>;
}

impl<S, A: FromCall<State: FromRef<S>>> CallArgument<S> for Parameter<A, true> {
    type Argument = A;

    fn argument(call: &Call<'_>, state: &S) -> Result<A, Failure> {
        Ok(A::from_call(call, A::State::from_ref(state))?)
    }
}

impl<S, A> CallArgument<S> for Parameter<A, false> {
    type Argument = A;

    fn argument(_: &Call<'_>, _: &S) -> Result<A, Failure> {
        unreachable!("a program with this parameter does not compile")
    }
}

/// A parameter that is made once for a stream.
pub trait RunArgument<S> {
    /// Its type.
    type Argument;

    /// Makes it.
    fn argument(state: &S) -> Self::Argument;
}

impl<S, A: OnceArgument<State: FromRef<S>>> RunArgument<S> for Parameter<A, true> {
    type Argument = A;

    fn argument(state: &S) -> A {
        A::make(A::State::from_ref(state))
    }
}

impl<S, A> RunArgument<S> for Parameter<A, false> {
    type Argument = A;

    fn argument(_: &S) -> A {
        unreachable!("a program with this parameter does not compile")
    }
}

/// Makes a parameter for a call.
///
/// # Errors
///
/// When it cannot be made from this message.
pub fn call_argument<A, const IS: bool, S>(call: &Call<'_>, state: &S) -> Result<A, Failure>
where
    Parameter<A, IS>: CallArgument<S, Argument = A>,
{
    Parameter::<A, IS>::argument(call, state)
}

/// Makes a parameter for a stream.
pub fn run_argument<A, const IS: bool, S>(state: &S) -> A
where
    Parameter<A, IS>: RunArgument<S, Argument = A>,
{
    Parameter::<A, IS>::argument(state)
}
