//! The application's state, and parts of it.

use std::ops::{Deref, DerefMut};

/// How a part is taken out of the state `S` of an application.
///
/// The whole state is a part of itself. For a field write
///
/// ```
/// # #[derive(Clone)] struct Prices;
/// # struct AppState { prices: Prices }
/// use binder::FromRef;
///
/// impl FromRef<AppState> for Prices {
///     fn from_ref(state: &AppState) -> Self {
///         state.prices.clone()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the application's state `{S}` has no `{Self}`",
    label = "asked for by a `State<_>` parameter of this function",
    note = "add it to the state and implement `binder::FromRef<{S}>` for `{Self}`: `fn from_ref(state: &{S}) -> Self`"
)]
pub trait FromRef<S> {
    /// Takes the part, which is cloned for each call.
    fn from_ref(state: &S) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> FromRef<T> for T {
    fn from_ref(state: &T) -> Self {
        state.clone()
    }
}

/// Never a state. While nobody has said which state a function is given, it is one more that could
/// be meant, so that the compiler does not guess that the one part asked for is all of it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Undecided<U>(U);

/// Implemented by nothing.
#[doc(hidden)]
pub trait Never<T> {
    /// Never called.
    fn never(&self) -> T;
}

#[diagnostic::do_not_recommend]
impl<T: Clone, U: Never<T>> FromRef<Undecided<U>> for T {
    fn from_ref(undecided: &Undecided<U>) -> Self {
        undecided.0.never()
    }
}

/// What an extractor needs of the state when it needs nothing: a part of every state.
///
/// It is not `Clone`, so that it is a part of itself by one rule alone.
#[derive(Debug)]
pub struct Stateless;

#[diagnostic::do_not_recommend]
impl<S> FromRef<S> for Stateless {
    fn from_ref(_: &S) -> Self {
        Self
    }
}

/// A part of the application's state, or all of it, as a parameter: `State(prices): State<Prices>`.
///
/// That the state has it is checked where the function is given to the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for State<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// A parameter of a function that is called once, with no message: of a stream function beside
/// its messages, and of an emitter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known before there is a message",
    label = "here only `State<_>` can be a parameter",
    note = "a stream function finds headers, key and attempt in each `Message<_>`"
)]
pub trait OnceArgument {
    /// The part of the state it is made from.
    type State;

    /// Makes it.
    fn make(state: Self::State) -> Self;
}

impl<T> OnceArgument for State<T> {
    type State = T;

    fn make(state: T) -> Self {
        Self(state)
    }
}
