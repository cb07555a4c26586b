//! One run.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::figures::line_set::LineSet;
use crate::figures::report::{Missing, Report};
use crate::log::Hit;

/// How many of the missing lines a report names.
const NAMED: usize = 10;

/// Says that the log has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// The run's name.
    pub(crate) run: String,
    /// How many lines the log has.
    pub(crate) lines: u64,
}

/// What has arrived of one run.
#[derive(Debug)]
pub(super) struct Run {
    hits: LineSet,
    dead: LineSet,
    /// Hits and dead letters together.
    arrived: LineSet,
    /// The hits with a status of 500 and above.
    failures: LineSet,
    alerts: LineSet,
    status: BTreeMap<u16, u64>,
    clients: HashSet<String>,
    bytes: u128,
    deliveries: u64,
    lines: Option<u64>,
    /// When something new arrived, or the end did.
    last_new: Instant,
}

impl Run {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            hits: LineSet::default(),
            dead: LineSet::default(),
            arrived: LineSet::default(),
            failures: LineSet::default(),
            alerts: LineSet::default(),
            status: BTreeMap::new(),
            clients: HashSet::new(),
            bytes: 0,
            deliveries: 0,
            lines: None,
            last_new: now,
        }
    }

    pub(super) fn hit(&mut self, line: u64, hit: &Hit, now: Instant) {
        self.arrive(line);
        if !self.hits.insert(line) {
            return;
        }
        self.last_new = now;
        *self.status.entry(hit.status).or_default() += 1;
        self.bytes += u128::from(hit.bytes);
        if !self.clients.contains(&hit.client) {
            self.clients.insert(hit.client.clone());
        }
        if hit.is_alert() {
            self.failures.insert(line);
        }
    }

    pub(super) fn dead(&mut self, line: u64, now: Instant) {
        self.arrive(line);
        if self.dead.insert(line) {
            self.last_new = now;
        }
    }

    pub(super) fn alert(&mut self, line: u64, now: Instant) {
        if self.alerts.insert(line) {
            self.last_new = now;
        }
    }

    /// The end, of which the first word counts.
    pub(super) fn ended(&mut self, lines: u64, now: Instant) {
        if self.lines.is_none() {
            self.lines = Some(lines);
            self.last_new = now;
        }
    }

    /// Whether hits and dead letters together are all lines, and the alerts are its failures.
    pub(super) fn is_complete(&self) -> bool {
        self.lines.is_some_and(|lines| {
            self.arrived.len() == lines
                && self.arrived.len_to(lines) == lines
                && self.alerts == self.failures
        })
    }

    /// When patience ends: only a run whose end is known can lose it.
    pub(super) fn deadline(&self, patience: Duration) -> Option<Instant> {
        self.lines.and_then(|_| self.last_new.checked_add(patience))
    }

    pub(super) const fn last_new(&self) -> Instant {
        self.last_new
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.lines.is_some()
    }

    /// The figures so far.
    pub(super) fn report(self, run: String) -> Report {
        let complete = self.is_complete();
        Report {
            requests: self.hits.len(),
            clients: self.clients.len() as u64,
            bytes: self.bytes,
            alerts: self.alerts.len(),
            dead_letters: self.dead.len(),
            lines: self.lines.unwrap_or_default(),
            duplicates: self.deliveries - self.arrived.len(),
            complete,
            run,
            missing: (!complete).then(|| self.missing()),
            status: self.status,
        }
    }

    fn arrive(&mut self, line: u64) {
        self.deliveries += 1;
        self.arrived.insert(line);
    }

    fn missing(&self) -> Missing {
        let lines = self.lines.unwrap_or_default();
        let alert_missing = |line: &u64| !self.alerts.contains(*line);
        let without_alert = self.failures.iter().filter(alert_missing).count() as u64;
        let first = (1..=lines)
            .filter(|line| {
                let arrived = self.arrived.contains(*line);
                !arrived || (self.failures.contains(*line) && alert_missing(line))
            })
            .take(NAMED)
            .collect();
        Missing { count: lines - self.arrived.len_to(lines) + without_alert, first }
    }
}
