//! The producer that the outputs of a binder share, and the thread that hears of its messages.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use binder_core::publish::Reports;
use binder_core::{Completed, Error, ErrorKind, Result};
use rdkafka::producer::Producer as _;

use crate::error::Code;
use crate::ledger::Ledger;
use crate::log::ClientLog;
use crate::native::{Event, Events, Report};
use crate::preflight::client_refused;
use crate::reports::completed;
use crate::sync::lock;

/// How long the thread sleeps at the longest before it looks whether it is still wanted.
const TICK: Duration = Duration::from_millis(100);
/// How long messages may go on after the last publisher is gone, or after a fatal error.
const GRACE: Duration = Duration::from_secs(5);

/// Reports that are looked up under one lock: publishers need it too.
const CHUNK: usize = 128;

/// A client of librdkafka.
pub(crate) type Client = Arc<rdkafka::producer::BaseProducer<ClientLog>>;

/// A handle on the shared producer; the last one dropped ends its thread.
#[derive(Debug)]
pub(crate) struct Producer {
    shared: Arc<Shared>,
}

/// What publishers and the report thread share.
pub(crate) struct Shared {
    /// Whom to tell.
    pub(crate) ledger: Mutex<Ledger>,
    current: Mutex<Current>,
    config: rdkafka::ClientConfig,
    wanted: AtomicBool,
}

/// The client in use. A fatal error of an idempotent producer ends it, and a new one follows.
#[derive(Clone)]
pub(crate) struct Current {
    /// Counts clients: topic handles belong to one of them.
    pub(crate) generation: u64,
    /// `None` while the old client's messages are being reported and there is no new one yet.
    pub(crate) client: Option<Client>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("generation", &lock(&self.current).generation)
            .finish_non_exhaustive()
    }
}

impl Producer {
    /// Makes a client and starts its thread.
    ///
    /// # Errors
    ///
    /// What librdkafka does not accept in the configuration.
    pub(crate) fn new(binder: &str, config: rdkafka::ClientConfig) -> Result<Self> {
        let client = connect(&config)?;
        let events = events(&client)?;
        let shared = Arc::new(Shared {
            ledger: Mutex::default(),
            current: Mutex::new(Current { generation: 0, client: Some(client) }),
            config,
            wanted: AtomicBool::new(true),
        });
        let listener = Listener { shared: shared.clone(), events, seen: Vec::new(), told: None };
        thread::Builder::new()
            .name(format!("{binder}-reports"))
            .spawn(move || listener.run())
            .map_err(|why| {
                Error::new(ErrorKind::Broker, "cannot start a thread").with_source(why)
            })?;
        Ok(Self { shared })
    }

    /// What publishers need of it.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.shared.wanted.store(false, Ordering::Release);
    }
}

impl Shared {
    /// The client in use.
    pub(crate) fn current(&self) -> Current {
        lock(&self.current).clone()
    }

    /// Reports a batch to whoever sent the messages, and wakes those who wait for it.
    fn report(&self, seen: &mut Vec<Report>) {
        let mut woken = Vec::new();
        let mut ended = Vec::with_capacity(seen.len().min(CHUNK));
        let mut reports = Reports::new();
        let mut rest = seen.drain(..);
        while rest.len() > 0 {
            let mut ledger = lock(&self.ledger);
            for report in rest.by_ref().take(CHUNK) {
                if let Some(completion) = ledger.take(report.token, &mut woken) {
                    ended.push((completion, report));
                }
            }
            drop(ledger);
            for (completion, report) in ended.drain(..) {
                completion.report_into(completed(&report), &mut reports);
            }
        }
        drop(reports);
        lock(&self.ledger).take_waiting(&mut woken);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Reports what is left as unknown.
    fn give_up(&self, why: &str) {
        let mut woken = Vec::new();
        let left = {
            let mut ledger = lock(&self.ledger);
            ledger.take_waiting(&mut woken);
            ledger.take_all(&mut woken)
        };
        let mut reports = Reports::new();
        for completion in left {
            let unknown = Completed::Unknown(Error::new(ErrorKind::Publish, why));
            completion.report_into(unknown, &mut reports);
        }
        drop(reports);
        woken.into_iter().for_each(Waker::wake);
    }

    fn outstanding(&self) -> usize {
        lock(&self.ledger).outstanding()
    }
}

/// The report thread.
struct Listener {
    shared: Arc<Shared>,
    events: Events<ClientLog>,
    seen: Vec<Report>,
    /// The last error that was logged, so that it is logged once.
    told: Option<Code>,
}

impl Listener {
    fn run(mut self) {
        while self.shared.wanted.load(Ordering::Acquire) {
            if self.step() {
                self.replace();
            }
        }
        self.settle_down();
        self.shared.give_up("the producer was closed before the broker had answered");
    }

    /// Waits for an event; says whether the client is dead.
    fn step(&mut self) -> bool {
        match self.events.poll(TICK, &mut self.seen) {
            Event::Reports => {
                self.told = None;
                self.shared.report(&mut self.seen);
            }
            Event::Error(code, reason, true) => {
                tracing::error!(%code, %reason, "the producer has failed and is replaced");
                return true;
            }
            Event::Error(code, reason, false) if self.told != Some(code) => {
                tracing::warn!(%code, %reason, "the producer has trouble and goes on trying");
                self.told = Some(code);
            }
            Event::Error(..) | Event::Quiet | Event::Other => {}
        }
        false
    }

    /// Ends a client that sends nothing any more: everything it holds is reported first, so that
    /// what is sent again comes behind it.
    fn replace(&mut self) {
        lock(&self.shared.current).client = None;
        self.events.producer().purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
        self.settle_down();
        self.shared.give_up("the producer has failed");
        while self.shared.wanted.load(Ordering::Acquire) {
            match connect(&self.shared.config).and_then(|client| Ok((events(&client)?, client))) {
                Ok((events, client)) => {
                    self.events = events;
                    let mut current = lock(&self.shared.current);
                    current.generation += 1;
                    current.client = Some(client);
                    drop(current);
                    self.shared.report(&mut Vec::new());
                    return;
                }
                Err(why) => {
                    tracing::error!(%why, "no new producer");
                    thread::park_timeout(TICK * 10);
                }
            }
        }
    }

    /// Serves events until every message is reported or the grace is over.
    fn settle_down(&mut self) {
        let deadline = Instant::now() + GRACE;
        while self.shared.outstanding() > 0 && Instant::now() < deadline {
            self.step();
        }
    }
}

fn connect(config: &rdkafka::ClientConfig) -> Result<Client> {
    let client = config.create_with_context(ClientLog::default());
    client.map(Arc::new).map_err(|why| client_refused(&why))
}

fn events(client: &Client) -> Result<Events<ClientLog>> {
    Events::new(client.clone())
        .ok_or_else(|| Error::new(ErrorKind::Broker, "the producer has no event queue"))
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::mpsc;

    use binder_core::{Completion, Completions, Destination, Message, Outgoing, Publisher};
    use futures::executor::block_on;

    use super::*;
    use crate::config::KafkaSettings;
    use crate::native::fail;
    use crate::publisher::KafkaPublisher;

    struct Sink(mpsc::Sender<(u64, bool)>);

    impl Completions for Sink {
        fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
            for (token, completed) in batch.drain(..) {
                self.0.send((token, matches!(completed, Completed::Confirmed(_)))).unwrap();
            }
        }
    }

    #[test]
    fn a_producer_that_has_failed_is_replaced_and_everything_is_reported_once() {
        let mock = rdkafka::mocking::MockCluster::new(1).unwrap();
        mock.create_topic("t", 1, 1).unwrap();
        let settings =
            KafkaSettings { servers: vec![mock.bootstrap_servers()], ..KafkaSettings::default() };
        let config = settings.producer(&binder_core::Native::new()).unwrap();
        let producer = Arc::new(Producer::new("kafka", config).unwrap());
        let publisher = KafkaPublisher::new(producer.clone(), Destination::new("t").unwrap());
        let (told, reports) = mpsc::channel();
        let sink = Arc::new(Sink(told));
        let send = |token: u64| {
            let completion = Completion::new(token, sink.clone());
            let mut outbox = [Outgoing { message: Message::new("x"), completion }].into();
            block_on(poll_fn(|cx| publisher.poll_publish(cx, &mut outbox)));
            block_on(poll_fn(|cx| publisher.poll_flush(cx)));
            reports.recv_timeout(Duration::from_secs(30)).unwrap()
        };
        assert_eq!(send(1), (1, true));
        fail(&producer.shared().current().client.unwrap());
        // Whatever becomes of what the failure meets, it is reported; what follows is sent.
        let mut token = 2;
        while send(token) != (token, true) || producer.shared().current().generation == 0 {
            token += 1;
        }
        assert_eq!(send(token + 1), (token + 1, true));
        assert_eq!(producer.shared().current().generation, 1);
        assert!(reports.try_recv().is_err());
    }

    #[test]
    fn what_is_left_when_everyone_is_gone_is_still_reported() {
        let settings =
            KafkaSettings { servers: vec!["127.0.0.1:1".into()], ..KafkaSettings::default() };
        let config = settings.producer(&binder_core::Native::new()).unwrap();
        let producer = Arc::new(Producer::new("kafka", config).unwrap());
        let publisher = KafkaPublisher::new(producer, Destination::new("t").unwrap());
        let (told, reports) = mpsc::channel();
        let completion = Completion::new(7, Arc::new(Sink(told)));
        let mut outbox = [Outgoing { message: Message::new("x"), completion }].into();
        block_on(poll_fn(|cx| publisher.poll_publish(cx, &mut outbox)));
        drop(publisher);
        assert_eq!(reports.recv_timeout(GRACE * 4).unwrap(), (7, false));
    }
}
