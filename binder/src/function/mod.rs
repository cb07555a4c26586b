//! The function layer: how functions of an application meet messages.
//!
//! Above the seam (`call`, `failure`, `feed`, `outputs`, `slot`, `token`) everything is generic
//! over the application's types: arguments are made from messages, results become outputs. Below
//! it, in the runtime, nothing is.

pub mod argument;
pub mod call;
pub mod calls;
pub(crate) mod classes;
pub mod decode;
pub mod definition;
pub mod elements;
pub mod encode;
pub mod error;
pub mod extract;
pub mod failure;
pub mod feed;
pub mod first;
pub mod message;
pub mod messages;
pub mod out;
pub mod outputs;
pub mod position;
pub mod private;
pub mod probe;
pub mod refused;
pub mod slot;
pub mod state;
pub mod step;
pub mod steps;
pub mod token;
pub mod tokens;

#[cfg(test)]
mod tests;
