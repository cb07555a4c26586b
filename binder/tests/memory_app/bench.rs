//! Launches an application on a memory binder that the test can look into.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use binder::config::Sources;
use binder::{App, Executor, Launch, MemoryBinder, Running};
use binder_core::{Destination, Group};
use tokio::sync::Notify;

/// An application named `shop`.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) memory: MemoryBinder,
    executor: Executor,
    set: Vec<String>,
}

impl Bench {
    /// An empty broker; everything on that executor.
    pub(crate) fn new(executor: Executor) -> Self {
        Self {
            memory: MemoryBinder::new(),
            executor,
            set: vec!["default_binder=memory".to_owned()],
        }
    }

    /// Sets one key of the configuration.
    pub(crate) fn set(mut self, assignment: &str) -> Self {
        self.set.push(assignment.to_owned());
        self
    }

    pub(crate) async fn start<S>(&self, app: App<S>) -> Running
    where
        S: Clone + Send + Sync + 'static,
    {
        let directory = env!("CARGO_TARGET_TMPDIR").into();
        let launch = Launch {
            name: "shop".to_owned(),
            sources: Sources { set: self.set.clone(), directory, ..Sources::default() },
            only: Vec::new(),
            executor: self.executor.clone(),
        };
        launch.start(app.binder("memory", Arc::new(self.memory.clone()))).await.unwrap()
    }

    /// How many messages are kept for a group.
    pub(crate) fn backlog(&self, destination: &str, group: &str) -> usize {
        let (destination, group) = (Destination::new(destination), Group::new(group));
        self.memory.backlog(&destination.unwrap(), &group.unwrap()).unwrap()
    }
}

/// Counts what arrives, by a name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    counts: Mutex<Counts>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    by_name: BTreeMap<String, usize>,
    all: usize,
}

impl Arrivals {
    pub(crate) fn add(&self, name: impl Into<String>) {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all += 1;
        *counts.by_name.entry(name.into()).or_default() += 1;
        self.0.changed.notify_one();
    }

    /// How many there were.
    pub(crate) fn all(&self) -> usize {
        self.0.counts.lock().unwrap().all
    }

    /// How often each has arrived.
    pub(crate) fn by_name(&self) -> BTreeMap<String, usize> {
        self.0.counts.lock().unwrap().by_name.clone()
    }

    /// Waits until there were so many, an hour at most. One test waits at a time.
    pub(crate) async fn at_least(&self, count: usize) {
        let arrive = async {
            while self.all() < count {
                self.0.changed.notified().await;
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(3_600), arrive).await;
        assert!(arrived.is_ok(), "{} of {count} have arrived", self.all());
    }
}
