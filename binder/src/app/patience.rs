//! Waiting for a broker that is not there yet.

use std::future::Future;
use std::time::Duration;

use binder_core::logic::backoff::Backoff;
use binder_core::{Error, ErrorKind, Result};

/// Between two attempts.
const PAUSES: Backoff = Backoff {
    initial: Duration::from_secs(1),
    factor: 2.0,
    max: Duration::from_secs(10),
    jitter: false,
};

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
    let mut failures = 0;
    loop {
        let error = match attempt().await {
            Err(error) if waits && passes(&error) => error,
            done => return done,
        };
        failures += 1;
        let delay = PAUSES.delay(failures, 0.0);
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
