//! Blocking work away from the caller's executor.

use std::thread;

use binder_core::{Error, ErrorKind, Result};
use futures::channel::oneshot;

/// Runs `work` on a thread of its own; the caller only waits.
///
/// A caller that gives up leaves the thread to finish and to drop the result.
pub(crate) async fn off_runtime<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (done, result) = oneshot::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || drop(done.send(work())))
        .map_err(|why| Error::new(ErrorKind::Broker, "cannot start a thread").with_source(why))?;
    result
        .await
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Broker, "the client's thread has panicked")))
}
