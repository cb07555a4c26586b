//! Compares what the runtime has settled with what the broker has recorded, over and over.

use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use binder_core::{Delivery, Settlement, Tag};

use crate::contract::compare::{Failure, Verdict, ensure};
use crate::evidence::{Progress, Recorder};
use crate::signal::lock;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// One group on one destination.
pub(crate) struct Watch {
    destination: String,
    group: String,
    recorder: Arc<dyn Recorder>,
    progress: Mutex<Progress>,
}

impl Watch {
    /// Begins to look, until the last handle is gone.
    pub(super) fn start(
        destination: String,
        group: String,
        recorder: Arc<dyn Recorder>,
        in_flight: u64,
    ) -> Arc<Self> {
        let progress = Mutex::new(Progress::new(recorder.out(in_flight)));
        let watch = Arc::new(Self { destination, group, recorder, progress });
        let watching = Arc::downgrade(&watch);
        thread::spawn(move || look_on(&watching));
        watch
    }

    /// What is recorded is read before what is finished: a settlement in between does no harm.
    fn look(&self) {
        // Before the first commit, or while a queue is made anew, there is nothing to be seen.
        if let Ok(recorded) = self.recorder.recorded(&self.destination, &self.group) {
            lock(&self.progress).check(&recorded);
        }
    }

    pub(super) fn sent(&self, destination: &str, count: u64) {
        if self.destination == destination {
            lock(&self.progress).sent(count);
        }
    }

    pub(super) fn delivered(&self, batch: &[Delivery]) {
        let mut progress = lock(&self.progress);
        for Delivery { tag, .. } in batch {
            progress.delivered(tag.partition, tag.sequence);
        }
    }

    pub(super) fn settled(&self, batch: &[(Tag, Settlement)]) {
        let mut progress = lock(&self.progress);
        let acknowledged = batch.iter().filter(|(_, what)| *what == Settlement::Ack);
        acknowledged.for_each(|(tag, _)| progress.finished(tag.partition, tag.sequence));
    }

    /// Looks once more; fails if the broker ever was ahead, or was never to be seen.
    pub(super) fn verdict(&self) -> Verdict {
        self.look();
        let progress = lock(&self.progress);
        ensure(progress.samples() > 0, || "the broker never said what it has recorded".into())?;
        progress.verdict().map_err(|why| {
            Failure::new(format!("`{}`, group `{}`: {why}", self.destination, self.group))
        })
    }
}

#[allow(clippy::disallowed_methods, reason = "a thread of its own, beside every runtime")]
fn look_on(watching: &Weak<Watch>) {
    while let Some(watch) = watching.upgrade() {
        watch.look();
        drop(watch);
        // Nothing tells when a broker records.
        thread::sleep(PAUSE);
    }
}
