//! What the functions of a case share with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::signal::{Signal, lock};

/// State of an application: it records calls, and keeps each behind a door that the case opens.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    calls: Mutex<Vec<Call>>,
    doors: Mutex<Doors>,
    open: AtomicBool,
    signal: Signal,
}

/// Behind which calls wait.
#[derive(Debug, Default)]
struct Doors {
    shut: BTreeMap<u64, oneshot::Sender<()>>,
    /// Doors that were opened, perhaps before their calls had come to them.
    opened: BTreeSet<u64>,
}

/// One call of a function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) id: u64,
    pub(super) attempt: u32,
    pub(super) at: Instant,
}

impl Probe {
    /// A probe whose doors all stand open.
    pub(super) fn open() -> Self {
        let probe = Self::default();
        probe.open_all();
        probe
    }

    /// Records a call.
    pub(super) fn called(&self, id: u64, attempt: u32) {
        lock(&self.0.calls).push(Call { id, attempt, at: Instant::now() });
        self.0.signal.changed();
    }

    /// Waits behind the door of that message.
    pub(super) async fn wait(&self, id: u64) {
        if let Some(opened) = self.shut(id) {
            self.0.signal.changed();
            // An error is a door that was taken away, which is open too.
            drop(opened.await);
        }
    }

    /// Shuts the door of a message, unless it was opened already, or all doors were.
    fn shut(&self, id: u64) -> Option<oneshot::Receiver<()>> {
        let mut doors = lock(&self.0.doors);
        // Asked under the lock, under which doors are opened too.
        if !self.is_shut() || doors.opened.remove(&id) {
            return None;
        }
        let (sender, opened) = oneshot::channel();
        doors.shut.insert(id, sender);
        Some(opened)
    }

    /// The messages that wait behind their doors, in order of ids.
    pub(super) fn waiting(&self) -> Vec<u64> {
        let doors = lock(&self.0.doors);
        doors.shut.iter().filter(|(_, door)| !door.is_closed()).map(|(id, _)| *id).collect()
    }

    /// Opens one door, once: also that of a call which has not come to it yet.
    pub(super) fn open_one(&self, id: u64) {
        let mut doors = lock(&self.0.doors);
        if doors.shut.remove(&id).is_none() {
            doors.opened.insert(id);
        }
        drop(doors);
        self.0.signal.changed();
    }

    /// Opens all doors, also of calls to come.
    pub(super) fn open_all(&self) {
        let mut doors = lock(&self.0.doors);
        self.0.open.store(true, Ordering::SeqCst);
        doors.shut.clear();
        drop(doors);
        self.0.signal.changed();
    }

    /// Whether its doors are shut.
    pub(super) fn is_shut(&self) -> bool {
        !self.0.open.load(Ordering::SeqCst)
    }

    /// The calls so far.
    pub(super) fn calls(&self) -> Vec<Call> {
        lock(&self.0.calls).clone()
    }

    /// The ids of the calls so far, as text.
    pub(super) fn ids(&self) -> Vec<String> {
        self.calls().iter().map(|call| call.id.to_string()).collect()
    }

    /// Waits until there is a call of that message.
    pub(super) async fn called_with(&self, id: u64) {
        self.0.signal.until(|| self.calls().iter().any(|call| call.id == id)).await;
    }

    /// Waits until so many messages wait behind their doors.
    pub(super) async fn waiting_at_least(&self, count: usize) {
        self.0.signal.until(|| self.waiting().len() >= count).await;
    }
}
