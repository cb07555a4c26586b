//! Applications on a real broker, which `BINDER_TEST_KAFKA` or `BINDER_TEST_AMQP` names.

#![cfg(any(feature = "kafka", feature = "amqp"))]
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![allow(clippy::needless_pass_by_value, reason = "a listener owns what it is called with")]

#[path = "../common/arrivals.rs"]
mod arrivals;
mod bench;
mod chunks;
#[path = "../common/floor.rs"]
mod floor;
mod instances;
mod lanes;
mod members;
mod mixture;
mod pausing;
mod promises;
#[path = "../common/redriving.rs"]
mod redriven;
mod redriving;
mod retries;
#[path = "../common/mixture.rs"]
mod shop;
#[path = "../common/stopping.rs"]
mod stop_and_start;
mod stopping;
mod waiting;
