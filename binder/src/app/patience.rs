//! Waiting for a broker that is not there yet.

use std::future::Future;

use binder_core::logic::backoff::Backoff;
use binder_core::{ErrorKind, Result};

/// Makes the attempt, again and again if the binder `waits` and cannot be reached. Other errors
/// would not go away: wrong credentials, a topology that does not fit.
///
/// # Errors
///
/// That of the attempt.
pub(super) async fn reach<T, F>(waits: bool, attempt: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut failures = 0;
    loop {
        let error = match attempt().await {
            Err(error) if waits && error.kind() == ErrorKind::Connect => error,
            done => return done,
        };
        failures += 1;
        let delay = Backoff::default().delay(failures, 0.5);
        tracing::warn!("not ready, again in {delay:.1?} (`connect = \"wait\"`): {error}");
        tokio::time::sleep(delay).await;
    }
}
