//! Librdkafka's mock cluster: a thread that owns it, and a binder that creates topics on it.

use std::collections::BTreeSet;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use binder_core::{
    Binder, BoundInput, BoxFuture, Capabilities, ConsumerSpec, DeadLetterStore, Error, ErrorKind,
    ProducerSpec, Publisher, Result, Topology,
};
use binder_kafka::KafkaBinder;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

type Cluster = MockCluster<'static, DefaultProducerContext>;
type Order = (Wish, Sender<Result<()>>);

const PARTITIONS: i32 = 8;
/// The mock waits for members for a second less than the time-out whenever one has come or gone,
/// and for three seconds at first.
const SHORT: [(&str, &str); 2] = [("session.timeout.ms", "4000"), ("heartbeat.interval.ms", "500")];
/// Must be less than half of the time-out.
const DRAIN: Duration = Duration::from_millis(1_900);

enum Wish {
    /// Topics that may exist already, with their partitions.
    Topics(Vec<(String, i32)>),
    /// End every connection.
    Disconnect,
}

/// A mock cluster; it ends with its last handle.
#[derive(Clone)]
pub(crate) struct Mock {
    servers: String,
    orders: Sender<Order>,
}

impl Mock {
    pub(crate) fn start() -> Self {
        let (orders, ordered) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        // The cluster may not leave the thread that made it.
        thread::spawn(move || {
            let cluster = MockCluster::new(1).expect("librdkafka makes a mock cluster");
            tell.send(cluster.bootstrap_servers()).expect("the test waits for it");
            serve(&cluster, &ordered);
        });
        Self { servers: told.recv().expect("the mock cluster starts"), orders }
    }

    pub(crate) fn servers(&self) -> &str {
        &self.servers
    }

    pub(crate) fn disconnect(&self) {
        self.ask(Wish::Disconnect).expect("the mock cluster runs");
    }

    fn ask(&self, wish: Wish) -> Result<()> {
        let gone = |_| Error::new(ErrorKind::Broker, "the mock cluster has ended");
        let (answer, answered) = mpsc::channel();
        self.orders.send((wish, answer)).map_err(|_| gone(mpsc::RecvError))?;
        answered.recv().map_err(gone)?
    }
}

fn serve(cluster: &Cluster, ordered: &Receiver<Order>) {
    let mut there = BTreeSet::new();
    for (wish, answer) in ordered {
        let done = match wish {
            Wish::Topics(topics) => topics
                .into_iter()
                .filter(|(name, _)| there.insert(name.clone()))
                .try_for_each(|(name, partitions)| cluster.create_topic(&name, partitions, 1)),
            Wish::Disconnect => cluster.broker_down(1).and_then(|()| cluster.broker_up(1)),
        };
        let refused = |why| Error::new(ErrorKind::Broker, "the mock cluster").with_source(why);
        // Whoever asked may have given up.
        drop(answer.send(done.map_err(refused)));
    }
}

/// The binder, with topics made on the mock itself, which no client can ask for them.
pub(crate) struct OnTheMock {
    binder: KafkaBinder,
    mock: Mock,
}

impl OnTheMock {
    pub(crate) fn new(binder: KafkaBinder, mock: Mock) -> Self {
        Self { binder, mock }
    }
}

impl Binder for OnTheMock {
    fn bind_consumer<'a>(&'a self, spec: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>> {
        let mut short = spec.clone();
        short.drain = short.drain.min(DRAIN);
        for (key, value) in SHORT {
            short.native.insert(key.to_owned(), value.to_owned());
        }
        Box::pin(async move { self.binder.bind_consumer(&short).await })
    }

    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, Result<std::sync::Arc<dyn Publisher>>> {
        self.binder.bind_producer(spec)
    }

    fn provision<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<()>> {
        let inputs =
            topology.consumers.iter().map(|spec| (&spec.destination, spec.partition_count));
        let outputs =
            topology.producers.iter().map(|spec| (&spec.destination, spec.partition_count));
        let dead =
            topology.dead_letters.iter().map(|spec| (&spec.destination, spec.partition_count));
        let topics = inputs.chain(outputs).chain(dead).map(|(name, partitions)| {
            let partitions = partitions.and_then(|count| i32::try_from(count.get()).ok());
            (name.to_string(), partitions.unwrap_or(PARTITIONS))
        });
        let wish = Wish::Topics(topics.collect());
        Box::pin(async move { self.mock.ask(wish) })
    }

    fn capabilities(&self) -> Capabilities {
        self.binder.capabilities()
    }

    fn dead_letter_store(&self) -> Option<&dyn DeadLetterStore> {
        self.binder.dead_letter_store()
    }
}
