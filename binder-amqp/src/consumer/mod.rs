//! The task of one input: it consumes, settles, and begins anew whenever its channel is gone.

mod ahead;
mod reader;
mod session;

use std::sync::Arc;
use std::time::Duration;

use binder_core::binder::Partition;
use binder_core::{ErrorKind, Incoming, Result};
use tokio::time::{Instant, sleep, sleep_until};

use crate::consumer::session::Session;
use crate::handover::Handover;
use crate::identity::chance;
use crate::link::{Link, RETRY};
pub(crate) use session::{Plan, Source};

/// How long a settlement may wait for others.
const LINGER: Duration = Duration::from_millis(10);
/// And where few messages are on their way, so that the broker is soon asked for more.
const HURRY: Duration = Duration::from_millis(1);

/// Nothing has come and nothing was settled: whoever waits for more before it settles anything is
/// given more after this.
const STUCK: Duration = Duration::from_millis(20);

/// One input's task.
#[derive(Debug)]
pub(crate) struct Consumer {
    plan: Plan,
    link: Arc<Link>,
    handover: Arc<Handover>,
    /// Counts channels.
    epoch: u32,
}

impl Consumer {
    pub(crate) fn new(plan: Plan, link: Arc<Link>, handover: Arc<Handover>) -> Self {
        Self { plan, link, handover, epoch: 0 }
    }

    /// Reaches the broker, makes the topology and consumes for the first time.
    ///
    /// # Errors
    ///
    /// What stands against it, at `deadline` at the latest.
    pub(crate) async fn start(&mut self, deadline: Instant) -> Result<Session> {
        self.epoch += 1;
        let (link, plan, epoch) = (&*self.link, &self.plan, self.epoch);
        let session = link.with(deadline, |live| Session::open(live, link, plan, epoch)).await?;
        self.handover.notice(Incoming::Assigned);
        Ok(session)
    }

    /// Works until the other side wants an end.
    pub(crate) async fn run(mut self, first: Session) {
        let mut session = Some(first);
        while let Some(current) = session {
            session = if self.serve(current).await { None } else { self.restart().await };
        }
        self.handover.end(Ok(()));
    }

    /// Passes on deliveries and settlements; says whether it ended because it should.
    async fn serve(&mut self, mut session: Session) -> bool {
        let (mut due, mut stuck) = (None, None);
        let lost = loop {
            let mut nudged = false;
            tokio::select! {
                () = self.handover.changed() => {}
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    session.settle(&self.handover);
                }
                () = sleep_until(stuck.unwrap_or_else(Instant::now)), if stuck.is_some() => {
                    nudged = true;
                }
                read = session.read(&self.handover) => if let Err(lost) = read { break lost },
            }
            if self.handover.is_closing() {
                session.close(&self.handover).await;
                return true;
            }
            let (waiting, plenty) = self.handover.settlements();
            if plenty {
                session.settle(&self.handover);
            }
            if let Err(lost) = session.adapt(nudged).await {
                break lost;
            }
            // Once is enough until something happens.
            stuck = (!nudged && session.is_waiting()).then(|| Instant::now() + STUCK);
            let waiting = waiting && !plenty;
            let linger = if session.is_open() { LINGER } else { HURRY };
            due = waiting.then(|| due.unwrap_or_else(|| Instant::now() + linger));
        };
        let Plan { binding, .. } = &self.plan;
        tracing::warn!(%binding, "the consumer is lost and begins anew: {lost}");
        self.handover.withdraw();
        self.handover.notice(Incoming::Revoked(self.partitions(&session)));
        session.close(&self.handover).await;
        false
    }

    fn partitions(&self, session: &Session) -> Vec<Partition> {
        let partitions = session.partitions();
        partitions.map(|partition| Partition { epoch: self.epoch, partition }).collect()
    }

    /// A new channel after a loss, however long it takes; `None` when it is not wanted any more.
    async fn restart(&mut self) -> Option<Session> {
        let mut failures = 0;
        loop {
            let handover = self.handover.clone();
            let opened = tokio::select! {
                opened = self.reopen() => opened,
                () = closing(&handover) => return None,
            };
            let why = match opened {
                Ok(session) => return Some(session),
                Err(why) => why.at_binding(self.plan.binding.as_str()),
            };
            if why.kind() == ErrorKind::Auth {
                self.handover.fail(why);
                closing(&self.handover).await;
                return None;
            }
            failures += 1;
            let delay = RETRY.delay(failures, chance());
            tracing::warn!("{why}; next attempt in {delay:.1?}");
            tokio::select! {
                () = sleep(delay) => {}
                () = closing(&handover) => return None,
            }
        }
    }

    async fn reopen(&mut self) -> Result<Session> {
        drop(self.link.again().await?);
        let deadline = Instant::now() + self.link.checked().settings.connect;
        self.epoch += 1;
        let (link, plan, epoch) = (&*self.link, &self.plan, self.epoch);
        link.with(deadline, |live| Session::open(live, link, plan, epoch)).await
    }
}

/// Ready when the other side wants an end.
async fn closing(handover: &Handover) {
    while !handover.is_closing() {
        handover.changed().await;
    }
}
