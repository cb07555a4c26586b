//! The Kafka binder: topics as destinations, consumer groups as groups, over `rdkafka`.
//!
//! A subscription has one thread of its own, which stays a live member of the group whatever the
//! application does, hands on deliveries in batches and commits what is settled. All outputs of a
//! binder share one idempotent producer. Nothing here needs an async runtime.
//!
//! Reading order: [`config`](KafkaSettings), `binder`, `topics`, `pump`, `subscription`,
//! `producer`, `publisher`. What calls librdkafka directly is in `native`, the only module with
//! `unsafe`.
//!
//! The library is built without TLS: brokers are reached in clear text, with SASL PLAIN where
//! user name and password are set.

mod bell;
mod binder;
mod config;
mod error;
mod handover;
mod headers;
mod ledger;
mod log;
mod native;
mod offload;
mod options;
mod preflight;
mod producer;
mod publisher;
mod pump;
mod reports;
mod store;
mod subscription;
mod sync;
mod topics;

pub use binder::KafkaBinder;
pub use config::KafkaSettings;
