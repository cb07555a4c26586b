//! What is printed about a run.

use std::collections::BTreeMap;

use serde::Serialize;

/// The figures of one run, as one line of JSON. Each counts lines, however often they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// Lines that are requests.
    pub(crate) requests: u64,
    /// Requests by status, in ascending order.
    pub(crate) status: BTreeMap<u16, u64>,
    /// Different clients.
    pub(crate) clients: u64,
    /// The bytes of all answers.
    pub(crate) bytes: u128,
    /// Requests that were reported as failures of the server.
    pub(crate) alerts: u64,
    /// Lines that did not parse.
    pub(crate) dead_letters: u64,
    /// Lines that the log has.
    pub(crate) lines: u64,
    /// How many hits and dead letters came again.
    pub(crate) duplicates: u64,
    /// Whether every line, and the alert of every failure, has arrived.
    pub(crate) complete: bool,
    /// The run's name.
    pub(crate) run: String,
    /// What has not arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) missing: Option<Missing>,
}

/// The lines that have not arrived, or whose alert has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    /// How many.
    pub(crate) count: u64,
    /// The first ten numbers.
    pub(crate) first: Vec<u64>,
}
