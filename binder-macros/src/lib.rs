//! The attributes of stream-binder. Use them through `binder::prelude`, which documents the
//! programming model; this crate only reads functions and writes the code that binds them.
//!
//! A function is emitted unchanged, so a test calls it like any other. Beside it goes a hidden
//! `struct` of its name, which lives in the namespace of types and is what `listeners![]` and
//! `emitters![]` name:
//!
//! ```text
//! #[stream_listener]
//! #[input("orders")]
//! #[output("invoices")]
//! async fn bill(order: Order, State(prices): State<Prices>) -> Result<Invoice> { … }
//!
//! // becomes the same function and
//!
//! struct bill {}
//!
//! impl<S> Listener<S> for bill
//! where
//!     S: Clone + Send + Sync + 'static,
//!     Parameter<State<Prices>, { PerCall::<State<Prices>>::IS }>: CallArgument<S>,
//! {
//!     const DEFINITION: Definition = Definition { name: "bill", inputs: &["orders"], … };
//!
//!     fn body(state: S) -> Body {
//!         is_per_call::<State<Prices>>();
//!         calls(
//!             state,
//!             |call, state| Ok(bill(Order::first(call)?, call_argument(call, state)?)),
//!             |returned, outputs| {
//!                 for item in returned.__probe().returned()?.items() {
//!                     item.send(0, outputs)?;
//!                 }
//!                 Ok(())
//!             },
//!         )
//!     }
//! }
//! ```
//!
//! Whatever can be wrong with a type is asked by a token that stands where the user wrote the type.
//!
//! The way through the crate: `args` and `model` read, `check` and `names` report every mistake at
//! the user's own token, all of them at once, `expand` and `site` write, `fallback` writes what
//! keeps the rest of a program compiling when there were mistakes. `entry` does it for `main`.

#![forbid(unsafe_code)]

mod args;
mod check;
mod entry;
mod errors;
mod expand;
mod fallback;
mod model;
mod names;
mod site;

use proc_macro::TokenStream;

use crate::model::Mark;

/// Binds a function to the messages of an input.
///
/// Takes `#[input("name")]`, which may stand before or behind it, and `#[output("a", "b")]` where
/// the function returns something to send. `crate = path` names this framework where it is not
/// called `binder`.
#[proc_macro_attribute]
pub fn stream_listener(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::function(Mark::Listener, args.into(), item.into()).into()
}

/// Names the binding that a function reads: `#[input("orders")]`. Enough to make a listener of it.
///
/// Names match `[a-z][a-z0-9_-]*`; configuration says which destination on which broker it is.
#[proc_macro_attribute]
pub fn input(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::function(Mark::Input, args.into(), item.into()).into()
}

/// Names the bindings that a function writes, in the order of the tuple it returns:
/// `#[output("invoices", "shipments")]`.
#[proc_macro_attribute]
pub fn output(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::function(Mark::Output, args.into(), item.into()).into()
}

/// Binds a function that returns a stream to the outputs which `#[output("name")]` names.
#[proc_macro_attribute]
pub fn stream_emitter(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::function(Mark::Emitter, args.into(), item.into()).into()
}

/// Makes a program of `async fn main`, which returns the application:
/// `async fn main() -> Result<App<AppState>>`.
///
/// The runtime, layered configuration, the command line, logging, signals and draining come with
/// it. Arguments of the program's own are its one parameter, a type with `#[derive(clap::Args)]`.
/// `defaults = "binder.toml"` compiles that file in, relative to the package's directory, as the
/// lowest layer of the configuration.
#[proc_macro_attribute]
pub fn enable_binding(args: TokenStream, item: TokenStream) -> TokenStream {
    entry::main(args.into(), item.into()).into()
}
