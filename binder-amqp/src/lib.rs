//! The RabbitMQ binder: topic exchanges as destinations, queues as groups, over `lapin`.
//!
//! A binder has one thread of its own, on which its connections, consumers and publishers live; it
//! ends when the binder and everything bound by it are dropped. One connection publishes, another
//! consumes and looks after topology. A lost connection is repaired here, never by the client.
//!
//! Topology is Spring Cloud Stream's: exchange `<destination>`, queue `<destination>.<group>`,
//! partition queue `<destination>.<group>-<i>` bound with `<destination>-<i>`. What exists is used
//! as it is.
//!
//! Reading order: [`settings`](AmqpSettings), `binder`, `engine`, `link`, `topology`, `consumer`
//! with its `window`, `ledger` and `handover`, `sender` with its `outlet`, `flight` and `returns`. What a
//! message is on the wire stands in `properties`.
//!
//! The library is built without TLS: brokers are reached in clear text.

#![forbid(unsafe_code)]

mod binder;
mod connection;
mod consumer;
mod engine;
mod error;
mod flight;
mod handover;
mod identity;
mod ledger;
mod link;
mod options;
mod outlet;
mod properties;
mod publisher;
mod returns;
mod route;
mod sender;
mod settings;
mod store;
mod subscription;
mod sync;
mod topology;
mod window;

pub use binder::AmqpBinder;
pub use properties::{KEY_HEADER, NULL_PAYLOAD_HEADER};
pub use settings::{AmqpSettings, Password};
