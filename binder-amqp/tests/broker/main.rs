//! The binder on a real RabbitMQ, which `BINDER_TEST_AMQP` names (127.0.0.1:5672 without it).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![allow(clippy::disallowed_methods, reason = "nobody counts the tasks of a test")]

mod bounds;
mod faults;
mod groups;
mod partitions;
mod preflight;
mod proxy;
mod publishing;
mod settlement;
mod support;
mod wire;
