//! Applications on the memory binder: functions that feed one another, and who gets what.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![allow(clippy::needless_pass_by_value, reason = "a listener owns what it is called with")]

mod arrival;
#[path = "../common/arrivals.rs"]
mod arrivals;
mod bench;
#[path = "../common/dice.rs"]
#[allow(dead_code, reason = "a part of it is enough here")]
mod dice;
#[path = "../common/floor.rs"]
mod floor;
mod lanes;
mod mixture;
mod pressure;
#[path = "../common/redriving.rs"]
mod redriven;
mod redriving;
mod refusing;
mod restarts;
mod retries;
#[path = "../common/mixture.rs"]
mod shop;
#[path = "../common/stopping.rs"]
mod stop_and_start;
mod stopping;
