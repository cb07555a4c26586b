//! The function that misbehaves.

use std::future;
use std::sync::PoisonError;
use std::time::Duration;

use binder::prelude::*;
use binder::{Error, Position};

use crate::fate::Fate;
use crate::job::{Job, ORIGIN};
use crate::state::{Faulty, Shared};

/// Does a job, or what its fate is instead.
#[stream_listener]
#[input("jobs")]
#[output("results")]
pub(crate) async fn work(
    message: Message<Bytes>,
    State(faulty): State<Faulty>,
) -> Result<Out<Bytes>> {
    let shared = faulty.0;
    let Some(job) = Job::of(message.headers()) else {
        return Err(Error::msg("the message names no job").permanent());
    };
    let (partition, sequence) =
        message.position().map_or((0, 0), |at: &Position| (at.partition(), at.sequence()));
    let entry = format!("{partition} {sequence} {} {job}", message.attempt());
    shared.ledger.write("start", &entry);
    suffer(&shared, job, message.attempt()).await?;
    shared.ledger.write("done", &entry);
    let origin = format!("{partition}/{sequence}");
    Ok(Out::new(message.into_payload()).key(job.key.to_string()).header(ORIGIN, origin))
}

/// What the job's fate is on that attempt.
async fn suffer(shared: &Shared, job: Job, attempt: u32) -> Result<()> {
    if shared.arguments.takes > 0 {
        tokio::time::sleep(Duration::from_millis(shared.arguments.takes)).await;
    }
    count(shared);
    match job.fate {
        Fate::Fails => Err(Error::msg("this job always fails")),
        Fate::Panics => panic!("this job always panics"),
        Fate::Locks if attempt == 1 => {
            let _held = shared.begun.lock().unwrap_or_else(PoisonError::into_inner);
            panic!("this job panics once and holds a lock");
        }
        Fate::Hangs => future::pending().await,
        Fate::Blocks if attempt == 1 => {
            block(Duration::from_millis(shared.arguments.block));
            Ok(())
        }
        Fate::Good | Fate::Locks | Fate::Blocks => Ok(()),
    }
}

/// Takes the lock that others may have poisoned.
fn count(shared: &Shared) {
    *shared.begun.lock().unwrap_or_else(PoisonError::into_inner) += 1;
}

#[expect(clippy::disallowed_methods, reason = "to block a thread is what the row is about")]
fn block(time: Duration) {
    std::thread::sleep(time);
}
