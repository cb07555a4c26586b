//! Applications on the memory binder: functions that feed one another, and who gets what.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![allow(clippy::needless_pass_by_value, reason = "a listener owns what it is called with")]

mod arrival;
#[path = "../common/arrivals.rs"]
mod arrivals;
mod bench;
mod mixture;
mod pressure;
mod restarts;
mod retries;
#[path = "../common/mixture.rs"]
mod shop;
