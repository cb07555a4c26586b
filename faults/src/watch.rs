//! What arrives, where no client outside this process can look.

#![allow(clippy::needless_pass_by_value, reason = "a listener owns what it is called with")]

use std::time::Duration;

use binder::prelude::*;

use crate::job::Job;
use crate::state::Faulty;

/// Writes down each result.
#[stream_listener]
#[input("results")]
pub(crate) fn collect(result: Message<Bytes>, State(faulty): State<Faulty>) {
    if let Some(job) = Job::of(result.headers()) {
        faulty.0.ledger.write("result", job);
    }
}

/// Writes down each dead letter, as soon as it may.
#[stream_listener]
#[input("letters")]
pub(crate) async fn bury(letter: Message<Bytes>, State(faulty): State<Faulty>) {
    while faulty.0.arguments.gate.as_ref().is_some_and(|gate| !gate.exists()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    if let Some(job) = Job::of(letter.headers()) {
        let says = |name| letter.headers().text(name).unwrap_or("?");
        let (attempts, class) = (says("x-failure-attempts"), says("x-failure-class"));
        let failed_at = says("x-failure-at");
        faulty.0.ledger.write("letter", format_args!("{attempts} {class} {failed_at} {job}"));
    }
}
