//! Watches over the tasks of an input.

use std::sync::Arc;
use std::time::Duration;

use binder_core::{Error, ErrorKind};

use super::life::{Lives, Phase, Stop};
use crate::runtime::input::RunningInput;

/// How often it is said that an input holds its place.
const REMIND: Duration = Duration::from_secs(300);

/// Waits for the end of a run, however it comes, and says why.
///
/// One that stops by itself has the grace to finish what it has begun: what made it stop may keep its
/// outputs from being confirmed, and nobody would see that it has stopped.
pub(super) async fn watch_over(
    lives: Arc<Lives>,
    number: u64,
    mut tasks: RunningInput,
    grace: Duration,
) {
    let flow = tasks.flow.clone();
    let (mut holding, mut failing) = (flow.when_holding(), flow.when_failing());
    let overdue = async {
        drop(failing.wait_for(|failing| *failing).await);
        tokio::time::sleep(grace).await;
    };
    let ended = tokio::select! {
        biased;
        ended = tasks.ended() => Some(ended.err()),
        held = holding.wait_for(|holding| *holding) => { drop(held); None }
        () = overdue => match flow.holds() {
            true => None,
            false => {
                let (function, binding) = (flow.plan.function, &flow.plan.binding);
                tracing::error!(function, binding, "not drained within the grace of {grace:?}: \
                    what is unsettled will be delivered again");
                Some(flow.reason())
            }
        }
    };
    let Some(ended) = ended else { return hold(lives, number, tasks).await };
    let position = flow.stopped_at();
    let failed = ended.filter(|_| flow.has_failed());
    drop(tasks);
    lives.send_if_modified(|life| {
        let current = life.run == number && !life.is_stopped();
        if current {
            life.assigned = flow.is_assigned();
            life.set(Phase::Stopped(failed.map(|why| Arc::new(Stop { why, position }))));
        }
        current
    });
}

/// Keeps what a run was assigned that has stopped at a message, until it is told to leave.
async fn hold(lives: Arc<Lives>, number: u64, mut tasks: RunningInput) {
    let flow = tasks.flow.clone();
    let gone = || Error::new(ErrorKind::Handler, "stopped at a message");
    let (why, position) = (flow.reason().unwrap_or_else(gone), flow.stopped_at());
    let stop = Arc::new(Stop { why, position });
    lives.send_if_modified(|life| {
        let Phase::Running(run) = &life.phase else { return false };
        let current = life.run == number;
        if current {
            life.assigned = flow.is_assigned();
            life.set(Phase::Holding(stop.clone(), run.clone()));
        }
        current
    });
    let mut ended = std::pin::pin!(tasks.ended());
    loop {
        tracing::warn!(
            function = flow.plan.function,
            binding = flow.plan.binding,
            "it holds its place in the group, so that no other member stops at the same message; \
             start or stop the binding, or end the process, to give it up"
        );
        tokio::select! {
            biased;
            ended = &mut ended => break drop(ended),
            () = tokio::time::sleep(REMIND) => {}
        }
    }
    lives.send_if_modified(|life| {
        let current = life.run == number && !life.is_stopped();
        if current {
            life.set(Phase::Stopped(Some(stop.clone())));
        }
        current
    });
}
