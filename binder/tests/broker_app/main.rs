//! Applications on a real broker, which `BINDER_TEST_KAFKA` or `BINDER_TEST_AMQP` names.

#![cfg(any(feature = "kafka", feature = "amqp"))]
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![allow(clippy::needless_pass_by_value, reason = "a listener owns what it is called with")]

#[path = "../common/arrivals.rs"]
mod arrivals;
mod bench;
mod chunks;
mod mixture;
mod pausing;
mod promises;
#[path = "../common/mixture.rs"]
mod shop;
mod waiting;
