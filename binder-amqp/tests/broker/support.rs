//! Small clients of both halves, and names that nobody else has.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use binder_amqp::{AmqpBinder, AmqpSettings};
use binder_core::{
    Acker, Binder, BindingName, Completed, Completion, Completions, ConsumerSpec, Delivery,
    Destination, Group, Incoming, Limit, Message, Native, Outbox, Outgoing, ProducerSpec,
    Publisher, Room, Settlement, Start, Subscription, Tag, Unrouted,
};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::proxy::Proxy;

/// Every wait in these tests ends here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The broker's address.
pub(crate) fn server() -> String {
    std::env::var("BINDER_TEST_AMQP").unwrap_or_else(|_| "127.0.0.1:5672".to_owned())
}

pub(crate) fn settings() -> AmqpSettings {
    AmqpSettings { servers: vec![server()], ..AmqpSettings::default() }
}

pub(crate) fn binder() -> AmqpBinder {
    AmqpBinder::new(settings()).unwrap()
}

/// One that reaches the broker through a proxy.
pub(crate) fn through(proxy: &Proxy) -> AmqpBinder {
    let settings = AmqpSettings { servers: vec![proxy.address.clone()], ..settings() };
    AmqpBinder::new(settings).unwrap()
}

/// A name that no other test and no other run has.
pub(crate) fn unique(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("test.{what}.{now:x}.{count}")
}

pub(crate) fn input(destination: &str, group: &str) -> ConsumerSpec {
    ConsumerSpec {
        binding: BindingName::new("in").unwrap(),
        destination: Destination::new(destination).unwrap(),
        group: Some(Group::new(group).unwrap()),
        start: Start::Earliest,
        partition_count: None,
        grow: false,
        instance: Default::default(),
        max_in_flight: None,
        drain: Duration::from_secs(2),
        connect: Duration::from_secs(10),
        native: Native::new(),
    }
}

pub(crate) fn output(destination: &str, required: &[&str]) -> ProducerSpec {
    ProducerSpec {
        binding: BindingName::new("out").unwrap(),
        destination: Destination::new(destination).unwrap(),
        partition_count: None,
        grow: false,
        required_groups: required.iter().map(|group| Group::new(group).unwrap()).collect(),
        unrouted: Unrouted::Fail,
        connect: Duration::from_secs(10),
        native: Native::new(),
    }
}

pub(crate) fn limit(messages: usize) -> Option<Limit> {
    Some(Limit { messages, bytes: 64 << 20 })
}

pub(crate) fn partitions(count: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(count)
}

/// A message of that number.
pub(crate) fn numbered(number: usize) -> Message {
    Message::new(number.to_string())
}

pub(crate) fn number(message: &Message) -> usize {
    std::str::from_utf8(message.payload.as_deref().unwrap()).unwrap().parse().unwrap()
}

pub(crate) fn numbers(deliveries: &[Delivery]) -> Vec<usize> {
    deliveries.iter().map(|delivery| number(&delivery.message)).collect()
}

/// A bound input.
pub(crate) struct Input {
    subscription: Box<dyn Subscription>,
    acker: Arc<dyn Acker>,
    pub(crate) assigned: usize,
    /// Epochs that were taken away.
    pub(crate) revoked: Vec<u32>,
}

impl Input {
    pub(crate) async fn bind(binder: &AmqpBinder, spec: &ConsumerSpec) -> Self {
        let bound = binder.bind_consumer(spec).await.unwrap();
        let (subscription, acker) = (bound.subscription, bound.acker);
        let mut input = Self { subscription, acker, assigned: 0, revoked: Vec::new() };
        assert!(input.next(0).await.is_empty());
        assert_eq!(input.assigned, 1);
        input
    }

    /// What comes next; nothing with a notice.
    pub(crate) async fn next(&mut self, messages: usize) -> Vec<Delivery> {
        let room = Room { messages, bytes: usize::MAX };
        let mut batch = Vec::new();
        let next = poll_fn(|cx| self.subscription.poll_next(cx, room, &mut batch));
        match timeout(PATIENCE, next).await.expect("something comes").unwrap() {
            Incoming::Assigned => self.assigned += 1,
            Incoming::Revoked(gone) => self.revoked.extend(gone.iter().map(|gone| gone.epoch)),
            _ => {}
        }
        batch
    }

    pub(crate) async fn take(&mut self, count: usize) -> Vec<Delivery> {
        let mut taken = Vec::new();
        while taken.len() < count {
            taken.extend(self.next(count - taken.len()).await);
        }
        taken
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        let room = Room { messages: 1, bytes: usize::MAX };
        let mut batch = Vec::new();
        let next = poll_fn(|cx| self.subscription.poll_next(cx, room, &mut batch));
        timeout(Duration::from_millis(300), next).await.is_err()
    }

    /// What comes soon, or nothing.
    pub(crate) async fn soon(&mut self, messages: usize) -> Vec<Delivery> {
        timeout(Duration::from_millis(50), self.next(messages)).await.unwrap_or_default()
    }

    pub(crate) fn settle<'a>(&self, deliveries: impl IntoIterator<Item = &'a Delivery>) {
        self.tell(deliveries, Settlement::Ack);
    }

    pub(crate) fn tell<'a>(&self, of: impl IntoIterator<Item = &'a Delivery>, what: Settlement) {
        let batch: Vec<(Tag, _)> = of.into_iter().map(|delivery| (delivery.tag, what)).collect();
        self.acker.settle(&batch);
    }

    pub(crate) async fn close(mut self) {
        let closed = timeout(PATIENCE, poll_fn(|cx| self.subscription.poll_close(cx))).await;
        closed.expect("closing ends").unwrap();
    }
}

/// What became of messages, by token.
#[derive(Default)]
pub(crate) struct Reported {
    outcomes: Mutex<BTreeMap<u64, Completed>>,
    changed: Notify,
}

impl Completions for Reported {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        let mut outcomes = self.outcomes.lock().unwrap();
        for (token, completed) in batch.drain(..) {
            assert!(outcomes.insert(token, completed).is_none(), "{token} was reported twice");
        }
        drop(outcomes);
        self.changed.notify_one();
    }
}

/// A bound output.
pub(crate) struct Output(pub(crate) Arc<dyn Publisher>);

impl Output {
    pub(crate) async fn bind(binder: &AmqpBinder, spec: &ProducerSpec) -> Self {
        Self(binder.bind_producer(spec).await.unwrap())
    }

    /// Past the exchange, to the queues of that input's group.
    pub(crate) async fn reach(binder: &AmqpBinder, spec: &ConsumerSpec) -> Self {
        let store = binder.dead_letter_store().unwrap();
        Self(store.bind_group(spec).await.unwrap())
    }

    /// What became of each message, in order.
    pub(crate) async fn outcomes(&self, messages: Vec<Message>) -> Vec<Completed> {
        let reported = Arc::new(Reported::default());
        let count = messages.len();
        let mut outbox: Outbox = (0..)
            .zip(messages)
            .map(|(token, message)| Outgoing {
                message,
                completion: Completion::new(token, reported.clone()),
            })
            .collect();
        let work = async {
            poll_fn(|cx| self.0.poll_publish(cx, &mut outbox)).await;
            while reported.outcomes.lock().unwrap().len() < count {
                reported.changed.notified().await;
            }
            poll_fn(|cx| self.0.poll_flush(cx)).await;
        };
        timeout(PATIENCE, work).await.expect("every message is reported");
        std::mem::take(&mut *reported.outcomes.lock().unwrap()).into_values().collect()
    }

    /// Publishes messages, each of which has to be confirmed.
    pub(crate) async fn publish(&self, messages: Vec<Message>) {
        for outcome in self.outcomes(messages).await {
            assert!(matches!(outcome, Completed::Confirmed(_)), "{outcome:?}");
        }
    }
}

/// A client of its own, for what the binder does not do.
pub(crate) async fn raw() -> (lapin::Connection, lapin::Channel) {
    let uri = format!("amqp://guest:guest@{}/%2f", server());
    let connection = lapin::Connection::connect(&uri, Default::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

/// How many messages are ready in a queue; `None` if there is no such queue.
pub(crate) async fn ready(queue: &str) -> Option<u32> {
    let (_connection, channel) = raw().await;
    let options = lapin::options::QueueDeclareOptions { passive: true, ..Default::default() };
    let looked = channel.queue_declare(queue.into(), options, Default::default()).await;
    looked.ok().map(|queue| queue.message_count())
}
