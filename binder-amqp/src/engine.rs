//! The thread of a binder: connections, consumers and publishers all live on it.

use std::future::Future;
use std::thread;
use std::time::Duration;

use binder_core::{BoxFuture, Error, ErrorKind, Result};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

/// How long what still runs may take when the last handle is gone.
const GRACE: Duration = Duration::from_secs(8);

type Job = BoxFuture<'static, ()>;

/// A handle on the thread, which ends when the last one is dropped.
#[derive(Debug)]
pub(crate) struct Engine {
    jobs: mpsc::UnboundedSender<Job>,
}

impl Engine {
    /// Starts the thread. `ending` runs on it when the last handle is gone and everything that was
    /// spawned has ended, or the grace is over.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Broker`] when the system gives no thread.
    pub(crate) fn start(
        name: &str,
        ending: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Self> {
        let failed = |why| Error::new(ErrorKind::Broker, "cannot start a thread").with_source(why);
        let (sender, jobs) = mpsc::unbounded_channel();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        thread::Builder::new()
            .name(format!("{name}-engine"))
            .spawn(move || {
                runtime.block_on(run(jobs));
                runtime.block_on(async { drop(timeout(GRACE, ending).await) });
                // What the client still does (a name that is being looked up) must not hold this.
                runtime.shutdown_background();
            })
            .map_err(failed)?;
        Ok(Self { jobs: sender })
    }

    /// Starts a task, which has to end by itself when what it serves is dropped.
    pub(crate) fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        // The thread takes jobs for as long as there is a handle.
        drop(self.jobs.send(Box::pin(job)));
    }

    /// Runs something on the thread; a caller that gives up lets it finish and drops the result.
    ///
    /// # Errors
    ///
    /// Those of `job`, and [`ErrorKind::Broker`] when it panicked.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        job: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (done, result) = oneshot::channel();
        self.spawn(async move { drop(done.send(job.await)) });
        result.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Broker, "the binder's task has panicked"))
        })
    }
}

async fn run(mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            job = jobs.recv() => match job {
                Some(job) => drop(tasks.spawn(job)),
                None => break,
            },
            Some(ended) = tasks.join_next() => complain(ended),
        }
    }
    let ending = async {
        while let Some(ended) = tasks.join_next().await {
            complain(ended);
        }
    };
    if timeout(GRACE, ending).await.is_err() {
        tracing::warn!("a consumer or publisher did not end within {GRACE:?} and is given up");
    }
}

fn complain(ended: Result<(), JoinError>) {
    if let Err(why) = ended {
        tracing::error!(%why, "a task of the binder has failed");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as channel;

    use futures::executor::block_on;

    use super::*;

    #[test]
    fn the_thread_ends_with_its_last_handle_and_waits_for_its_tasks() {
        let (told, heard) = channel::channel();
        let ending = told.clone();
        let engine = Engine::start("test", async move { ending.send("end").unwrap() }).unwrap();
        assert_eq!(block_on(engine.call(async { Ok(7) })).unwrap(), 7);
        let (go, gone) = oneshot::channel::<()>();
        engine.spawn(async move {
            drop(gone.await);
            told.send("task").unwrap();
        });
        drop(engine);
        drop(go);
        let heard: Vec<_> =
            (0..2).map(|_| heard.recv_timeout(Duration::from_secs(5)).unwrap()).collect();
        assert_eq!(heard, ["task", "end"]);
    }

    #[test]
    fn a_panic_is_an_error() {
        let engine = Engine::start("test", async {}).unwrap();
        let result = block_on(engine.call::<()>(async { panic!("broken on purpose") }));
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Broker);
        assert_eq!(block_on(engine.call(async { Ok(1) })).unwrap(), 1);
    }
}
