//! The task of one output: it sends, hears what became of it, and begins anew whenever its channel
//! is gone.

mod session;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use binder_core::publish::Reports;
use binder_core::{Completed, Destination, Error, ErrorKind, Outgoing, Result, Unrouted};
use lapin::types::ShortString;
use tokio::time::{Instant, sleep};

use crate::connection::Live;
use crate::identity::{Ids, chance};
use crate::link::{Link, RETRY};
use crate::outlet::Outlet;
use crate::route::Routes;
use crate::sender::session::{Ended, Session};
use crate::sender::verdict::Dropped;
use crate::topology::{Wanted, ensure};

/// How long what is on its way may take when nobody publishes any more.
const GRACE: Duration = Duration::from_secs(5);

/// What an output sends to, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) binding: String,
    pub(crate) destination: Destination,
    /// Where the routing keys of `routes` hold; the default exchange has no name.
    pub(crate) exchange: ShortString,
    /// Made on every new channel.
    pub(crate) wanted: Wanted,
    pub(crate) unrouted: Unrouted,
    pub(crate) routes: Routes,
    /// The largest payload, in bytes.
    pub(crate) max_message_size: usize,
}

/// One output's task.
#[derive(Debug)]
pub(crate) struct Sender {
    plan: Plan,
    link: Arc<Link>,
    /// The connection that makes topology: the broker may block the other.
    admin: Arc<Link>,
    outlet: Arc<Outlet>,
    ids: Ids,
    dropped: Dropped,
}

impl Sender {
    pub(crate) fn new(plan: Plan, link: Arc<Link>, admin: Arc<Link>, outlet: Arc<Outlet>) -> Self {
        Self { plan, link, admin, outlet, ids: Ids::new(), dropped: Dropped::new() }
    }

    /// Reaches the broker, makes the topology and opens a channel for the first time.
    ///
    /// # Errors
    ///
    /// What stands against it, at `deadline` at the latest.
    pub(crate) async fn start(&mut self, deadline: Instant) -> Result<Session> {
        let wanted = &self.plan.wanted;
        self.admin.with(deadline, async |live: Arc<Live>| ensure(&live, wanted).await).await?;
        let exchange = &self.plan.exchange;
        self.link.with(deadline, |live| Session::open(live, exchange.clone())).await
    }

    /// Works until nobody publishes any more.
    pub(crate) async fn run(mut self, first: Session) {
        let mut session = Some(first);
        while let Some(mut current) = session {
            session = match current.serve(&mut self).await {
                Ended::Closed => None,
                Ended::Idle => self.restart().await,
                Ended::Lost(why) => {
                    let binding = &self.plan.binding;
                    tracing::warn!(binding, "the output's channel is lost and opened anew: {why}");
                    // What waits goes back too, so that what is sent again does not come behind it.
                    self.refuse_queue("it was not sent: the channel was lost");
                    self.restart().await
                }
            };
        }
        self.refuse_queue("it was not sent: the output was closed");
    }

    /// Reports what was taken and not sent.
    fn refuse_queue(&self, why: &str) {
        let mut taken: Vec<Outgoing> = Vec::new();
        self.outlet.take(usize::MAX, usize::MAX, &mut taken);
        let (mut reports, count) = (Reports::new(), taken.len());
        for outgoing in taken {
            let why =
                Error::new(ErrorKind::Publish, why).at_destination(self.plan.destination.as_str());
            outgoing.completion.report_into(Completed::Refused(why), &mut reports);
        }
        reports.deliver();
        self.outlet.reported(count);
    }

    /// A new channel after a loss, however long it takes; `None` when it is not wanted any more.
    async fn restart(&mut self) -> Option<Session> {
        let mut failures = 0;
        loop {
            let outlet = self.outlet.clone();
            let opened = tokio::select! {
                opened = self.reopen() => opened,
                () = closing(&outlet) => return None,
            };
            let why = match opened {
                Ok(session) => return Some(session),
                Err(why) => why.at_binding(self.plan.binding.as_str()),
            };
            failures += 1;
            let delay = RETRY.delay(failures, chance());
            tracing::warn!("{why}; next attempt in {delay:.1?}");
            tokio::select! {
                () = sleep(delay) => {}
                () = closing(&outlet) => return None,
            }
        }
    }

    async fn reopen(&mut self) -> Result<Session> {
        drop(self.link.again().await?);
        drop(self.admin.again().await?);
        self.start(Instant::now() + self.link.checked().settings.connect).await
    }
}

/// Ready when nobody publishes any more.
async fn closing(outlet: &Outlet) {
    while !outlet.is_closed() {
        outlet.changed().await;
    }
}
