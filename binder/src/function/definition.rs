//! What the attributes say about a function, and the functions of an application.

use std::fmt;

use super::slot::Body;

/// How a function is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Called once per message.
    Listener,
    /// Called once, with all messages as a stream.
    StreamListener,
    /// Called once, with no input.
    Emitter,
}

/// What the attributes say about a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// The path of the module it stands in.
    pub module: &'static str,
    /// Its doc comment, without the space behind each `///`.
    pub doc: &'static str,
    /// The bindings it reads: one, or none for an emitter.
    pub inputs: &'static [&'static str],
    /// The bindings it writes, in the order of its return type.
    pub outputs: &'static [&'static str],
    /// How it is driven.
    pub kind: Kind,
}

impl Definition {
    /// Of a function whose attributes are wrong: what the compiler has an error for already.
    #[doc(hidden)]
    pub const UNKNOWN: Self =
        Self { name: "", module: "", doc: "", inputs: &[], outputs: &[], kind: Kind::Listener };
}

/// A function with `#[stream_listener]`, in an application with state `S`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a listener",
    label = "no function with `#[stream_listener]`",
    note = "functions with `#[stream_emitter]` go into `emitters![…]`"
)]
pub trait Listener<S>: Sized {
    /// What its attributes say.
    const DEFINITION: Definition;

    /// The function, bound to that state.
    fn body(state: S) -> Body;

    /// An element of `listeners![]`.
    #[must_use]
    fn registered() -> Registered<S> {
        Registered { definition: Self::DEFINITION, body: Self::body }
    }
}

/// A function with `#[stream_emitter]`, in an application with state `S`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an emitter",
    label = "no function with `#[stream_emitter]`",
    note = "functions with `#[stream_listener]` go into `listeners![…]`"
)]
pub trait Emitter<S>: Sized {
    /// What its attributes say.
    const DEFINITION: Definition;

    /// The function, bound to that state.
    fn body(state: S) -> Body;

    /// An element of `emitters![]`.
    #[must_use]
    fn registered() -> Registered<S> {
        Registered { definition: Self::DEFINITION, body: Self::body }
    }
}

/// A function of an application with state `S`, made by [`listeners!`](crate::listeners) or
/// [`emitters!`](crate::emitters).
pub struct Registered<S> {
    /// What its attributes say.
    pub definition: Definition,
    /// Binds it to the state.
    pub body: fn(S) -> Body,
}

impl<S> fmt::Debug for Registered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("definition", &self.definition).finish_non_exhaustive()
    }
}

/// The listeners to give to an application: `listeners![orders::enrich, audit]`.
///
/// Each is the path of a function with `#[stream_listener]`. Of another function the compiler says
/// "expected type, found function": what is listed is the type that the attribute puts beside it.
#[macro_export]
macro_rules! listeners {
    ($($function:path),* $(,)?) => {
        ::std::vec![$(<$function as $crate::__private::Listener<_>>::registered()),*]
    };
}

/// The emitters to give to an application: `emitters![beat]`.
///
/// Each is the path of a function with `#[stream_emitter]`. Of another function the compiler says
/// "expected type, found function": what is listed is the type that the attribute puts beside it.
#[macro_export]
macro_rules! emitters {
    ($($function:path),* $(,)?) => {
        ::std::vec![$(<$function as $crate::__private::Emitter<_>>::registered()),*]
    };
}
