//! A connection that is made again whenever it is lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use binder_core::logic::backoff::Backoff;
use binder_core::{Error, ErrorKind, Result};
use futures::StreamExt;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::connection::Live;
use crate::identity::chance;
use crate::settings::Checked;
use crate::sync::{self, lock};

/// Between attempts after a loss: no end to them, and never many at once.
pub(crate) const RETRY: Backoff = Backoff {
    initial: Duration::from_millis(200),
    factor: 2.0,
    max: Duration::from_secs(30),
    jitter: true,
};
/// Between attempts while somebody waits for a binding.
const IMPATIENT: Backoff = Backoff { max: Duration::from_secs(1), ..RETRY };
/// A connection that held for so long makes the next loss the first.
const STABLE: Duration = Duration::from_secs(60);
/// Credentials may be refused so often in a row before the binding ends: they may be in rotation.
const REFUSALS: u32 = 5;

/// One of a binder's two connections.
#[derive(Debug)]
pub(crate) struct Link {
    role: &'static str,
    checked: Arc<Checked>,
    slot: Mutex<Slot>,
    /// Queues whose messages the broker does not count for a channel.
    uncounted: sync::Mutex<BTreeSet<String>>,
}

#[derive(Debug, Default)]
struct Slot {
    live: Option<Arc<Live>>,
    /// Attempts and losses in a row.
    failures: u32,
    refusals: u32,
    /// When a task may try again.
    not_before: Option<Instant>,
    /// Listens to what the broker says of the connection.
    listener: JoinSet<()>,
}

impl Link {
    /// Not connected yet; the broker sees `role` beside the application's name.
    pub(crate) fn new(role: &'static str, checked: Arc<Checked>) -> Self {
        Self { role, checked, slot: Mutex::default(), uncounted: sync::Mutex::default() }
    }

    /// What the binder was made with.
    pub(crate) fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Whether the broker has refused before to count what a channel is sent from these queues.
    pub(crate) fn is_uncounted(&self, queue: &str) -> bool {
        lock(&self.uncounted).contains(queue)
    }

    /// Remembers that for as long as the binder lives: each refusal costs the connection, which all
    /// inputs share.
    pub(crate) fn note_uncounted(&self, queue: String) {
        lock(&self.uncounted).insert(queue);
    }

    /// The connection, for a binding that must be there by `deadline`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`] at once, [`ErrorKind::Connect`] with the last cause at the deadline.
    pub(crate) async fn reach(&self, deadline: Instant) -> Result<Arc<Live>> {
        let mut failures = 0;
        let mut last = None;
        loop {
            let attempt =
                timeout_at(deadline, async { self.slot.lock().await.live(self, deadline).await });
            match attempt.await {
                Ok(Ok(live)) => return Ok(live),
                Ok(Err(why)) if why.kind() != ErrorKind::Connect => return Err(why),
                Ok(Err(why)) => last = Some(why),
                Err(_) => {}
            }
            failures += 1;
            let next = Instant::now() + IMPATIENT.delay(failures, chance());
            if next >= deadline {
                return Err(last.unwrap_or_else(|| {
                    Error::new(ErrorKind::Connect, "the broker was not reached in time")
                }));
            }
            sleep_until(next).await;
        }
    }

    /// Does something with the connection by `deadline`, and once more when the connection is lost
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// Those of [`reach`](Self::reach) and `work`, and [`ErrorKind::Connect`] at the deadline.
    pub(crate) async fn with<T, W>(
        &self,
        deadline: Instant,
        mut work: impl FnMut(Arc<Live>) -> W,
    ) -> Result<T>
    where
        W: Future<Output = Result<T>>,
    {
        loop {
            let live = self.reach(deadline).await?;
            match timeout_at(deadline, work(live.clone())).await {
                Ok(Err(why)) if why.kind() == ErrorKind::Connect => {
                    let next = Instant::now() + IMPATIENT.delay(1, chance());
                    if next >= deadline {
                        return Err(why);
                    }
                    sleep_until(next).await;
                }
                Ok(result) => return result,
                Err(_) => {
                    let text = format!("{} has not answered everything in time", live.server());
                    return Err(Error::new(ErrorKind::Connect, text));
                }
            }
        }
    }

    /// The connection, for a task that has lost it: tries until it succeeds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`] when the credentials were refused several times in a row.
    pub(crate) async fn again(&self) -> Result<Arc<Live>> {
        loop {
            let wait = {
                let mut slot = self.slot.lock().await;
                slot.lose();
                match slot.not_before.filter(|at| *at > Instant::now()) {
                    Some(at) if slot.up().is_none() => at,
                    _ => match slot.supervised(self).await {
                        Ok(live) => return Ok(live),
                        Err(why) if slot.refusals >= REFUSALS => return Err(why),
                        Err(_) => continue,
                    },
                }
            };
            sleep_until(wait).await;
        }
    }

    /// Closes the connection.
    pub(crate) async fn close(&self) {
        let live = self.slot.lock().await.live.take();
        if let Some(live) = live {
            live.close().await;
        }
    }
}

impl Slot {
    fn up(&self) -> Option<Arc<Live>> {
        self.live.clone().filter(|live| live.is_up())
    }

    /// The connection there is, or a new one.
    async fn live(&mut self, link: &Link, deadline: Instant) -> Result<Arc<Live>> {
        if let Some(live) = self.up() {
            return Ok(live);
        }
        let servers = &link.checked.servers;
        let mut last = Error::new(ErrorKind::Connect, "no server was tried");
        for turn in 0..servers.len() {
            // A server that is silent leaves time for the others.
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(servers.len() - turn).unwrap_or(u32::MAX);
            let server = &servers[(turn + self.failures as usize) % servers.len()];
            let until = Instant::now() + share;
            match Live::connect(&link.checked, server, link.role, until).await {
                Ok(live) => return Ok(self.keep(link, live)),
                Err(why) if why.kind() != ErrorKind::Connect => return Err(why),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    /// The same for tasks, which share back-off and log lines.
    async fn supervised(&mut self, link: &Link) -> Result<Arc<Live>> {
        let deadline = Instant::now() + link.checked.settings.connect;
        let result = self.live(link, deadline).await;
        if let Err(why) = &result {
            self.failures = self.failures.saturating_add(1);
            self.refusals = if why.kind() == ErrorKind::Auth { self.refusals + 1 } else { 0 };
            let delay = RETRY.delay(self.failures, chance());
            self.not_before = Some(Instant::now() + delay);
            let binder = &link.checked.settings.name;
            tracing::warn!(binder, role = link.role, "{why}; next attempt in {delay:.1?}");
        }
        result
    }

    fn keep(&mut self, link: &Link, live: Live) -> Arc<Live> {
        let live = Arc::new(live);
        self.refusals = 0;
        self.not_before = None;
        self.live = Some(live.clone());
        self.listener.abort_all();
        self.listener.spawn(listen(link.checked.settings.name.clone(), link.role, &live));
        live
    }

    /// Forgets a connection that is down; one that held long enough was no failure.
    fn lose(&mut self) {
        let Some(lost) = self.live.take_if(|live| !live.is_up()) else { return };
        if lost.since.elapsed() >= STABLE {
            self.failures = 0;
        } else {
            self.failures = self.failures.saturating_add(1);
            self.not_before = Some(Instant::now() + RETRY.delay(self.failures, chance()));
        }
    }
}

/// Logs what the broker says of a connection, until it is gone.
fn listen(
    binder: String,
    role: &'static str,
    live: &Live,
) -> impl Future<Output = ()> + Send + 'static {
    let server = live.server().to_string();
    let mut events = live.events();
    async move {
        while let Some(event) = events.next().await {
            match event {
                lapin::Event::ConnectionBlocked(why) => tracing::warn!(
                    binder,
                    role,
                    server,
                    why,
                    "the broker takes no messages; publishing waits"
                ),
                lapin::Event::ConnectionUnblocked => {
                    tracing::info!(binder, role, server, "the broker takes messages again");
                }
                lapin::Event::Error(why) => {
                    tracing::debug!(binder, role, server, "the client reports: {why}");
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::AmqpSettings;

    #[test]
    fn a_refusal_is_known_to_every_input_that_comes_later() {
        let checked = AmqpSettings::default().check().unwrap();
        let link = Link::new("test", Arc::new(checked));
        assert!(!link.is_uncounted("orders.g"));
        link.note_uncounted("orders.g".to_owned());
        assert!(link.is_uncounted("orders.g") && !link.is_uncounted("orders.h"));
    }

    /// A day without a broker.
    #[tokio::test(start_paused = true)]
    async fn q06_a_lost_connection_is_sought_for_as_long_as_it_takes() {
        // Bound and never listening: whoever connects is refused, and nobody else gets the port.
        let reserved = tokio::net::TcpSocket::new_v4().unwrap();
        reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let server = reserved.local_addr().unwrap().to_string();
        let settings = AmqpSettings { servers: vec![server], ..AmqpSettings::default() };
        let link = Link::new("test", Arc::new(settings.check().unwrap()));
        let day = Duration::from_secs(24 * 3_600);
        let began = Instant::now();
        let ended = timeout_at(began + day, link.again()).await;
        assert!(ended.is_err(), "given up after {:?}", began.elapsed());
        let failures = link.slot.lock().await.failures;
        assert!((1_000..20_000).contains(&failures), "{failures} attempts in a day");
    }
}
