//! What the tests need of either broker: the mock in this process, or a real one.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use binder_core::publish::Completion;
use binder_core::{
    Acker, Binder, BindingName, Completed, Completions, ConsumerSpec, Delivery, Destination, Group,
    Incoming, Limit, Message, Outbox, Outgoing, ProducerSpec, Publisher, Room, Settlement, Start,
    Subscription, Topology, Unrouted,
};
use binder_kafka::{KafkaBinder, KafkaSettings};
use rdkafka::consumer::Consumer as _;

/// Every wait in these tests ends here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A broker to test against.
pub(crate) struct Broker {
    pub(crate) servers: String,
    /// `None` for a real one.
    pub(crate) mock:
        Option<rdkafka::mocking::MockCluster<'static, rdkafka::producer::DefaultProducerContext>>,
}

impl Broker {
    #[allow(dead_code, reason = "each test file knows one kind of broker")]
    pub(crate) fn mock() -> Self {
        let mock = rdkafka::mocking::MockCluster::new(1).unwrap();
        Self { servers: mock.bootstrap_servers(), mock: Some(mock) }
    }

    #[allow(dead_code, reason = "each test file knows one kind of broker")]
    pub(crate) fn real() -> Self {
        let servers = std::env::var("BINDER_TEST_KAFKA")
            .expect("BINDER_TEST_KAFKA names the broker, for example 127.0.0.1:9092");
        Self { servers, mock: None }
    }

    /// The mock refuses commits from the moment a rebalance begins, Kafka until members rejoin
    /// accepts them.
    pub(crate) fn keeps_commits_during_a_rebalance(&self) -> bool {
        self.mock.is_none()
    }

    pub(crate) fn settings(&self) -> KafkaSettings {
        KafkaSettings { servers: vec![self.servers.clone()], ..KafkaSettings::default() }
    }

    pub(crate) fn binder(&self) -> KafkaBinder {
        KafkaBinder::new(self.settings()).unwrap()
    }

    /// A topic that nobody else uses.
    pub(crate) async fn topic(&self, partitions: u32) -> String {
        let name = unique("topic");
        match &self.mock {
            Some(mock) => mock.create_topic(&name, i32::try_from(partitions).unwrap(), 1).unwrap(),
            None => {
                let mut spec = producer(&name);
                spec.partition_count = NonZeroU32::new(partitions);
                let topology = Topology { producers: vec![spec], ..Topology::default() };
                self.binder().provision(&topology).await.unwrap();
            }
        }
        name
    }
}

/// A name that no other test and no other run has.
pub(crate) fn unique(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("test.{what}.{now:x}.{count}")
}

pub(crate) fn consumer(topic: &str, group: &str) -> ConsumerSpec {
    ConsumerSpec {
        binding: BindingName::new("in").unwrap(),
        destination: Destination::new(topic).unwrap(),
        group: Some(Group::new(group).unwrap()),
        start: Start::Earliest,
        partition_count: None,
        grow: false,
        instance: Default::default(),
        max_in_flight: None,
        drain: Duration::from_secs(2),
        connect: Duration::from_secs(10),
        native: BTreeMap::from([("session.timeout.ms".to_owned(), "6000".to_owned())]).into(),
    }
}

/// Sets an option of the client that is a time.
pub(crate) fn with_native(spec: &mut ConsumerSpec, key: &str, time: Duration) {
    spec.native.insert(key.to_owned(), time.as_millis().to_string());
}

/// The positions that a group has committed, partition by partition, as another client reads them.
pub(crate) async fn committed(broker: &Broker, group: &str, topic: &str) -> Vec<Option<i64>> {
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", &broker.servers).set("group.id", group);
    let topic = topic.to_owned();
    let ask = move || {
        let client: rdkafka::consumer::BaseConsumer = config.create().unwrap();
        let metadata = client.fetch_metadata(Some(&topic), PATIENCE).unwrap();
        let mut list = rdkafka::TopicPartitionList::new();
        for partition in metadata.topics()[0].partitions() {
            list.add_partition(&topic, partition.id());
        }
        let positions = client.committed_offsets(list, PATIENCE).unwrap();
        let mut positions = positions.elements();
        positions.sort_by_key(|position| position.partition());
        positions.iter().map(|position| position.offset().to_raw().filter(|at| *at >= 0)).collect()
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

pub(crate) fn producer(topic: &str) -> ProducerSpec {
    ProducerSpec {
        binding: BindingName::new("out").unwrap(),
        destination: Destination::new(topic).unwrap(),
        partition_count: None,
        grow: false,
        required_groups: Vec::new(),
        unrouted: Unrouted::Fail,
        connect: Duration::from_secs(10),
        native: binder_core::Native::new(),
    }
}

pub(crate) fn limit(messages: usize) -> Option<Limit> {
    Some(Limit { messages, bytes: 64 << 20 })
}

/// A bound input.
pub(crate) struct Input {
    pub(crate) subscription: Box<dyn Subscription>,
    pub(crate) acker: Arc<dyn Acker>,
    waiting: VecDeque<Delivery>,
}

impl Input {
    pub(crate) async fn bind(binder: &KafkaBinder, spec: &ConsumerSpec) -> Self {
        let bound = binder.bind_consumer(spec).await.unwrap();
        let waiting = VecDeque::new();
        Self { subscription: bound.subscription, acker: bound.acker, waiting }
    }

    /// Bound, and its first assignment seen.
    pub(crate) async fn assigned(binder: &KafkaBinder, spec: &ConsumerSpec) -> Self {
        let mut input = Self::bind(binder, spec).await;
        let mut none = Vec::new();
        let first = input.next(100, &mut none).await;
        assert_eq!(first, Incoming::Assigned);
        assert!(none.is_empty());
        input
    }

    pub(crate) async fn next(&mut self, messages: usize, batch: &mut Vec<Delivery>) -> Incoming {
        let room = Room { messages, bytes: 8 << 20 };
        let next = poll_fn(|cx| self.subscription.poll_next(cx, room, batch));
        tokio::time::timeout(PATIENCE, next).await.expect("a delivery in time").unwrap()
    }

    /// The next `count` deliveries.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<Delivery> {
        while self.waiting.len() < count {
            let mut batch = Vec::new();
            let incoming = self.next(count - self.waiting.len(), &mut batch).await;
            assert!(!matches!(incoming, Incoming::Assigned), "assigned twice");
            self.waiting.extend(batch);
        }
        self.waiting.drain(..count).collect()
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self, during: Duration) -> bool {
        let mut batch = Vec::new();
        let room = Room { messages: 100, bytes: 1 << 20 };
        let next = poll_fn(|cx| self.subscription.poll_next(cx, room, &mut batch));
        tokio::time::timeout(during, next).await.is_err()
    }

    pub(crate) fn ack(&self, deliveries: &[Delivery]) {
        let settled: Vec<_> = deliveries.iter().map(|d| (d.tag, Settlement::Ack)).collect();
        self.acker.settle(&settled);
    }

    pub(crate) async fn close(mut self) {
        let close = poll_fn(|cx| self.subscription.poll_close(cx));
        tokio::time::timeout(PATIENCE, close).await.expect("closed in time").unwrap();
    }
}

/// A bound output.
pub(crate) struct Output {
    pub(crate) publisher: Arc<dyn Publisher>,
    sink: Arc<Sink>,
    next: u64,
}

impl Output {
    pub(crate) async fn bind(binder: &KafkaBinder, topic: &str) -> Self {
        let publisher = binder.bind_producer(&producer(topic)).await.unwrap();
        Self { publisher, sink: Arc::default(), next: 0 }
    }

    /// Publishes and waits for every report, which come in the order of the messages.
    pub(crate) async fn send(
        &mut self,
        messages: impl IntoIterator<Item = Message>,
    ) -> Vec<Completed> {
        let first = self.next;
        let mut outbox: Outbox = messages
            .into_iter()
            .map(|message| {
                self.next += 1;
                Outgoing { message, completion: Completion::new(self.next - 1, self.sink.clone()) }
            })
            .collect();
        let count = outbox.len();
        let publish = poll_fn(|cx| self.publisher.poll_publish(cx, &mut outbox));
        tokio::time::timeout(PATIENCE, publish).await.expect("taken in time");
        let flush = poll_fn(|cx| self.publisher.poll_flush(cx));
        tokio::time::timeout(PATIENCE, flush).await.expect("flushed in time");
        let reports = tokio::time::timeout(PATIENCE, self.sink.reports(count)).await;
        let mut reports = reports.expect("reported in time");
        reports.sort_by_key(|(token, _)| *token);
        assert_eq!(reports.first().map(|(token, _)| *token), (count > 0).then_some(first));
        reports.into_iter().map(|(_, completed)| completed).collect()
    }

    /// The same, and all of them are confirmed.
    pub(crate) async fn confirm(&mut self, messages: impl IntoIterator<Item = Message>) {
        for completed in self.send(messages).await {
            assert!(matches!(completed, Completed::Confirmed(_)), "{completed:?}");
        }
    }
}

#[derive(Default)]
struct Sink(Mutex<Reported>);

#[derive(Default)]
struct Reported {
    reports: Vec<(u64, Completed)>,
    waker: Option<Waker>,
}

impl Sink {
    async fn reports(&self, count: usize) -> Vec<(u64, Completed)> {
        poll_fn(|cx| {
            let mut sink = self.0.lock().unwrap();
            if sink.reports.len() >= count {
                return std::task::Poll::Ready(std::mem::take(&mut sink.reports));
            }
            sink.waker = Some(cx.waker().clone());
            std::task::Poll::Pending
        })
        .await
    }
}

impl Completions for Sink {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        let waker = {
            let mut sink = self.0.lock().unwrap();
            sink.reports.append(batch);
            sink.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// `n` as a message of key `n % keys`.
pub(crate) fn numbered(n: u64, keys: u64) -> Message {
    Message::new(n.to_string()).with_key(format!("key-{}", n % keys))
}

/// The number in such a message.
pub(crate) fn number(delivery: &Delivery) -> u64 {
    let payload = delivery.message.payload.as_ref().unwrap();
    std::str::from_utf8(payload).unwrap().parse().unwrap()
}
