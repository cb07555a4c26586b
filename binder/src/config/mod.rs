//! The configuration of an application: layers of values, each with its origin, checked against
//! one table of keys and resolved for the functions that the application has.
//!
//! A variable such as `BINDER__BINDINGS__MY_ORDERS__GROUP` can not write a hyphen: `my_orders`
//! stands for `my-orders` where another layer or a function has that name. Options of a client
//! are nested by their dots, `BINDER__BINDERS__KAFKA__NATIVE__CLIENT__ID`.
//!
//! Reading order: [`Sources`], [`load`], [`Config`], [`Config::resolve`], [`Resolved`].

mod assemble;
#[cfg(test)]
mod bad_input;
mod check;
#[expect(clippy::module_inception, reason = "the type of that name stands there")]
mod config;
mod layer;
mod load;
mod locate;
mod nearest;
mod node;
mod origin;
mod problem;
mod resolve;
mod schema;
mod secret;
mod section;
mod sources;
mod value;

pub use config::{Config, Given};
pub use load::load;
pub use origin::{Origin, Position};
pub use resolve::{
    FunctionNames, Native, OnExhausted, Order, Resolved, ResolvedBinder, ResolvedFunction,
    ResolvedInput, ResolvedOutput, ResolvedSource, RetryPlace, RetryPolicy,
};
pub use schema::reference;
pub use secret::Secret;
pub use sources::Sources;
