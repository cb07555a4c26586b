//! Applications whose broker is played by the test: attributes, configuration, runtime, in virtual
//! time.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![allow(clippy::needless_pass_by_value, reason = "a listener owns what it is called with")]

mod bench;
mod classes;
mod dead_letters;
#[path = "../common/dice.rs"]
mod dice;
mod draining;
mod emitters;
mod ending;
mod extractors;
#[path = "../common/fate.rs"]
mod fate;
mod headers;
mod holding;
mod only;
mod path;
mod pausing;
mod refusals;
mod restarting;
mod retries;
mod returns;
mod soak;
mod sources;
mod starting;
mod status;
mod streams;
mod supervising;
mod waiting;
mod weaknesses;
