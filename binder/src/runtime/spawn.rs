//! The one place where tasks are spawned.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Sleep;

/// Where tasks run: functions on the application's workers, pumps on a thread of their own.
///
/// The thread is not the workers' because tokio never steals from the LIFO slot of a worker that a
/// function blocks: a pump there would stand still with it.
#[derive(Clone, Debug)]
pub struct Executor {
    workers: Handle,
    pumps: Handle,
    spawned: Arc<AtomicUsize>,
    seeds: Arc<AtomicU64>,
    /// Instead of the number of threads.
    tasks: Option<usize>,
    _thread: Option<Arc<PumpThread>>,
}

/// How long timers may stand still because of a function that blocks its thread.
const BEAT: Duration = Duration::from_millis(250);

/// Wakes a worker now and then, until `stopped`.
///
/// One worker at a time waits for timers and sockets. When it is woken and calls a function that
/// blocks it, the others may be asleep and know nothing of it: all timers of the process stand
/// still. One that is woken takes over the waiting.
async fn wake_workers(workers: Handle, stopped: Arc<Notify>) {
    let stopped = stopped.notified();
    tokio::pin!(stopped);
    while tokio::time::timeout(BEAT, &mut stopped).await.is_err() {
        #[expect(clippy::disallowed_methods, reason = "it does nothing, so it is not counted")]
        drop(workers.spawn(async {}));
    }
}

/// Ends the pump thread when the last executor is gone.
#[derive(Debug)]
struct PumpThread(Arc<Notify>);

impl Drop for PumpThread {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Executor {
    /// Functions on the current runtime, pumps on a new thread.
    ///
    /// # Errors
    ///
    /// When the thread or its runtime cannot be made.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn new() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let pumps = runtime.handle().clone();
        let stop = Arc::new(Notify::new());
        let stopped = stop.clone();
        let workers = Handle::current();
        std::thread::Builder::new()
            .name("binder-pumps".into())
            .spawn(move || runtime.block_on(wake_workers(workers, stopped)))?;
        let thread = Some(Arc::new(PumpThread(stop)));
        Ok(Self { pumps, _thread: thread, ..Self::current() })
    }

    /// Everything on the current runtime, which is what a test in virtual time needs.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use]
    pub fn current() -> Self {
        let handle = Handle::current();
        let seeds = Arc::new(AtomicU64::new(RandomState::new().hash_one(0)));
        Self {
            workers: handle.clone(),
            pumps: handle,
            spawned: Arc::default(),
            seeds,
            tasks: None,
            _thread: None,
        }
    }

    /// Calls functions from as many tasks as if there were so many threads, so that what tasks do to
    /// one another can be tested on one.
    #[must_use]
    pub fn with_tasks(self, tasks: usize) -> Self {
        Self { tasks: Some(tasks.max(1)), ..self }
    }

    /// Draws jitter from `seed` instead of from the operating system, so that a test in virtual
    /// time can be repeated.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seeds: Arc::new(AtomicU64::new(seed)), ..self }
    }

    /// Another number for whoever needs chance; never zero.
    pub(crate) fn seed(&self) -> u64 {
        // An odd step visits every number once (splitmix64).
        let step = 0x9e37_79b9_7f4a_7c15;
        self.seeds.fetch_add(step, Ordering::Relaxed).wrapping_add(step).max(1)
    }

    /// How many tasks were spawned.
    #[must_use]
    pub fn spawned(&self) -> usize {
        self.spawned.load(Ordering::Relaxed)
    }

    /// How many threads run functions.
    pub(crate) fn workers(&self) -> usize {
        self.tasks.unwrap_or_else(|| self.workers.metrics().num_workers().max(1))
    }

    /// Sleeps by the clock of the pumps, which no function can block.
    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        let _entered = self.pumps.enter();
        tokio::time::sleep(duration)
    }

    pub(crate) fn spawn_pump<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.spawn(&self.pumps, task)
    }

    pub(crate) fn spawn_worker<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.spawn(&self.workers, task)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn spawn<F>(&self, on: &Handle, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.spawned.fetch_add(1, Ordering::Relaxed);
        on.spawn(task)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// The worker that waits for timers calls what blocks it; the other one sleeps.
    #[test]
    fn timers_go_on_while_a_function_blocks_its_thread() {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        let _entered = runtime.enter();
        let executor = Executor::new().unwrap();
        let (release, released) = mpsc::channel::<()>();
        let (rings, rung) = mpsc::channel();
        executor.spawn_worker(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            released.recv().ok();
        });
        executor.spawn_worker(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            rings.send(()).ok();
        });
        let in_time = rung.recv_timeout(Duration::from_secs(5));
        release.send(()).ok();
        assert!(in_time.is_ok(), "a timer waited for the function that blocks");
    }
}
