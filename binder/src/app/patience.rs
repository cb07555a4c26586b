//! Waiting for a broker that is not there yet.

use std::future::Future;

use binder_core::logic::backoff::Backoff;
use binder_core::{Error, ErrorKind, Result};

/// Makes the attempt, again and again if the binder `waits` and cannot be reached, or answers that
/// it cannot serve yet. Other errors would not go away: wrong credentials, a topology that does not
/// fit.
///
/// # Errors
///
/// That of the attempt.
pub(super) async fn reach<T, F>(waits: bool, attempt: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let backoff = Backoff { jitter: false, ..Backoff::default() };
    let mut failures = 0;
    loop {
        let error = match attempt().await {
            Err(error) if waits && passes(&error) => error,
            done => return done,
        };
        failures += 1;
        let delay = backoff.delay(failures, 0.0);
        tracing::warn!("not ready, again in {delay:.1?} (`connect = \"wait\"`): {error}");
        tokio::time::sleep(delay).await;
    }
}

fn passes(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Connect => true,
        ErrorKind::Broker => error.is_transient(),
        _ => false,
    }
}
