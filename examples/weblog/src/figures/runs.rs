//! All runs whose messages arrive here.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use crate::figures::mark::Mark;
use crate::figures::report::Report;
use crate::figures::run::{End, Run};
use crate::log::Hit;

/// How many runs may be open at once, and how many reported ones are remembered.
const LIMIT: usize = 1_000;

/// The open runs by name, each on its own.
///
/// A run opens with its first message and closes with its report; what comes of it later is
/// ignored. Memory is bounded: of more than a thousand open runs the one that has been quiet for
/// longest is forgotten, such as one whose process was killed before it could send its end.
#[derive(Debug)]
pub(crate) struct Runs {
    patience: Duration,
    open: HashMap<String, Run>,
    closed: HashSet<String>,
    closed_in_order: VecDeque<String>,
}

impl Runs {
    /// No runs. `patience` is how long a run whose end is known may bring nothing new.
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            patience,
            open: HashMap::new(),
            closed: HashSet::new(),
            closed_in_order: VecDeque::new(),
        }
    }

    /// A request has arrived. Gives the report if it completes its run.
    pub(crate) fn hit(&mut self, mark: &Mark<'_>, hit: &Hit, now: Instant) -> Option<Report> {
        self.update(&mark.run, now, |run| run.hit(mark.line, hit, now))
    }

    /// A dead letter has arrived. Gives the report if it completes its run.
    pub(crate) fn dead(&mut self, mark: &Mark<'_>, now: Instant) -> Option<Report> {
        self.update(&mark.run, now, |run| run.dead(mark.line, now))
    }

    /// An alert has arrived. Gives the report if it completes its run.
    pub(crate) fn alert(&mut self, mark: &Mark<'_>, now: Instant) -> Option<Report> {
        self.update(&mark.run, now, |run| run.alert(mark.line, now))
    }

    /// The log of a run has ended. Gives the report if that completes it.
    pub(crate) fn ended(&mut self, end: &End, now: Instant) -> Option<Report> {
        self.update(&end.run, now, |run| run.ended(end.lines, now))
    }

    /// The next moment at which a run loses patience.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.open.values().filter_map(|run| run.deadline(self.patience)).min()
    }

    /// Closes every run that has lost patience.
    pub(crate) fn expired(&mut self, now: Instant) -> Vec<Report> {
        let patience = self.patience;
        let is_late = |run: &Run| run.deadline(patience).is_some_and(|deadline| deadline <= now);
        let late: Vec<String> = self
            .open
            .iter()
            .filter(|(_, run)| is_late(run))
            .map(|(name, _)| name.clone())
            .collect();
        late.iter().filter_map(|name| self.close(name)).collect()
    }

    fn update(
        &mut self,
        name: &str,
        now: Instant,
        change: impl FnOnce(&mut Run),
    ) -> Option<Report> {
        if self.closed.contains(name) {
            return None;
        }
        if !self.open.contains_key(name) {
            self.make_room();
            self.open.insert(name.to_owned(), Run::new(now));
        }
        let run = self.open.get_mut(name)?;
        change(run);
        if run.is_complete() { self.close(name) } else { None }
    }

    fn close(&mut self, name: &str) -> Option<Report> {
        let (name, run) = self.open.remove_entry(name)?;
        if self.closed_in_order.len() == LIMIT {
            self.closed_in_order.pop_front().map(|oldest| self.closed.remove(&oldest));
        }
        self.closed.insert(name.clone());
        self.closed_in_order.push_back(name.clone());
        Some(run.report(name))
    }

    /// Forgets the quietest run if there are too many, rather one without an end: a run with one
    /// closes by itself.
    fn make_room(&mut self) {
        if self.open.len() < LIMIT {
            return;
        }
        let quietest = self.open.iter().min_by_key(|(_, run)| (run.has_ended(), run.last_new()));
        if let Some(name) = quietest.map(|(name, _)| name.clone()) {
            self.open.remove(&name);
        }
    }
}

#[cfg(test)]
#[path = "runs_tests.rs"]
mod tests;
