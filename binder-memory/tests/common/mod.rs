//! Drives the contract by hand: no runtime, one poll at a time.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use binder_core::Native;
use binder_core::{
    Acker, Binder, BindingName, Completed, Completion, Completions, ConsumerSpec, Delivery,
    Destination, Group, Incoming, Limit, Message, Outbox, Outgoing, ProducerSpec, Publisher,
    Receipt, Result, Room, Settlement, Start, Subscription, Tag, Unrouted,
};
use binder_memory::MemoryBinder;
use futures::FutureExt;

/// Room for everything.
pub(crate) const WIDE: Room = Room { messages: 1_000_000, bytes: usize::MAX };

/// The specification of an input of a group, or of a private copy.
pub(crate) fn input(destination: &str, group: Option<&str>) -> ConsumerSpec {
    ConsumerSpec {
        binding: BindingName::new("in").unwrap(),
        destination: Destination::new(destination).unwrap(),
        group: group.map(|group| Group::new(group).unwrap()),
        start: Start::Earliest,
        partition_count: None,
        grow: false,
        instance: Default::default(),
        max_in_flight: Some(Limit { messages: 1_000_000, bytes: usize::MAX }),
        drain: Duration::from_secs(3600),
        connect: Duration::from_secs(1),
        native: Native::new(),
    }
}

/// The specification of an output.
pub(crate) fn output(destination: &str) -> ProducerSpec {
    ProducerSpec {
        binding: BindingName::new("out").unwrap(),
        destination: Destination::new(destination).unwrap(),
        partition_count: None,
        grow: false,
        required_groups: Vec::new(),
        unrouted: Unrouted::Drop,
        connect: Duration::from_secs(1),
        native: Native::new(),
    }
}

/// The same output with so many partitions.
pub(crate) fn with_partitions(mut spec: ProducerSpec, count: u32) -> ProducerSpec {
    spec.partition_count = NonZeroU32::new(count);
    spec
}

pub(crate) fn backlog(broker: &MemoryBinder, destination: &str, group: &str) -> Option<usize> {
    broker.backlog(&Destination::new(destination).unwrap(), &Group::new(group).unwrap())
}

/// Counts how often it was woken.
#[derive(Default)]
pub(crate) struct Alarm(AtomicUsize);

impl Alarm {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A bound input.
pub(crate) struct Reader {
    pub(crate) subscription: Box<dyn Subscription>,
    pub(crate) acker: Arc<dyn Acker>,
    pub(crate) alarm: Arc<Alarm>,
}

/// Binds an input and hears that it is assigned.
pub(crate) fn read(broker: &MemoryBinder, spec: &ConsumerSpec) -> Reader {
    let mut reader = bind(broker, spec).unwrap();
    assert_eq!(reader.poll(WIDE).0, Some(Incoming::Assigned), "assigned comes first");
    reader
}

/// Binds an input.
pub(crate) fn bind(broker: &MemoryBinder, spec: &ConsumerSpec) -> Result<Reader> {
    let bound = broker.bind_consumer(spec).now_or_never().expect("binds at once")?;
    Ok(Reader { subscription: bound.subscription, acker: bound.acker, alarm: Alarm::new() })
}

impl Reader {
    /// Polls once; `None` is pending.
    pub(crate) fn poll(&mut self, room: Room) -> (Option<Incoming>, Vec<Delivery>) {
        let waker = Waker::from(self.alarm.clone());
        let mut batch = Vec::new();
        let polled =
            self.subscription.poll_next(&mut Context::from_waker(&waker), room, &mut batch);
        match polled {
            Poll::Pending => (None, batch),
            Poll::Ready(incoming) => (Some(incoming.unwrap()), batch),
        }
    }

    /// Everything there is until the next pending poll; nothing but deliveries may come.
    pub(crate) fn take(&mut self) -> Vec<Delivery> {
        let mut all = Vec::new();
        loop {
            let (incoming, batch) = self.poll(Room { messages: 256, ..WIDE });
            match incoming {
                None => return all,
                Some(Incoming::Deliveries) => all.extend(batch),
                Some(other) => panic!("unexpected {other:?}"),
            }
        }
    }

    /// The same as text, sorted where the partitions are mixed.
    pub(crate) fn take_texts(&mut self) -> Vec<String> {
        texts(&self.take())
    }

    pub(crate) fn settle(&self, deliveries: &[Delivery], how: Settlement) {
        let batch: Vec<(Tag, Settlement)> =
            deliveries.iter().map(|delivery| (delivery.tag, how)).collect();
        self.acker.settle(&batch);
    }

    pub(crate) fn ack(&self, deliveries: &[Delivery]) {
        self.settle(deliveries, Settlement::Ack);
    }

    pub(crate) fn close(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(self.subscription.poll_close(&mut cx), Poll::Ready(Ok(()))));
    }
}

/// The payloads as text.
pub(crate) fn texts(deliveries: &[Delivery]) -> Vec<String> {
    deliveries
        .iter()
        .map(|delivery| {
            let payload = delivery.message.payload.clone().unwrap_or_default();
            String::from_utf8(payload.to_vec()).unwrap()
        })
        .collect()
}

/// Remembers what was reported, call by call.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Vec<Vec<(u64, Completed)>>>);

impl Completions for Ledger {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        self.0.lock().unwrap().push(std::mem::take(batch));
    }
}

/// A bound output with its outbox.
pub(crate) struct Writer {
    pub(crate) publisher: Arc<dyn Publisher>,
    pub(crate) outbox: Outbox,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) alarm: Arc<Alarm>,
    next: u64,
}

/// Binds an output.
pub(crate) fn write(broker: &MemoryBinder, spec: &ProducerSpec) -> Writer {
    let publisher = broker.bind_producer(spec).now_or_never().expect("binds at once").unwrap();
    Writer {
        publisher,
        outbox: Outbox::new(),
        ledger: Arc::default(),
        alarm: Alarm::new(),
        next: 0,
    }
}

impl Writer {
    pub(crate) fn queue(&mut self, message: Message) {
        let completion = Completion::new(self.next, self.ledger.clone());
        self.next += 1;
        self.outbox.push_back(Outgoing { message, completion });
    }

    /// Publishes what is queued; false is pending.
    pub(crate) fn publish(&mut self) -> bool {
        let waker = Waker::from(self.alarm.clone());
        self.publisher.poll_publish(&mut Context::from_waker(&waker), &mut self.outbox).is_ready()
    }

    /// Publishes one message, which must be taken.
    pub(crate) fn send(&mut self, message: Message) {
        self.queue(message);
        assert!(self.publish(), "there is room");
    }

    pub(crate) fn send_all<'a>(&mut self, payloads: impl IntoIterator<Item = &'a str>) {
        payloads.into_iter().for_each(|payload| self.queue(Message::new(payload.to_owned())));
        assert!(self.publish(), "there is room");
    }

    /// What was reported since the last call, one list per call of the receiver.
    pub(crate) fn reports(&self) -> Vec<Vec<(u64, Completed)>> {
        std::mem::take(&mut *self.ledger.0.lock().unwrap())
    }

    /// The receipts since the last call; anything else reported fails the test.
    pub(crate) fn receipts(&self) -> Vec<Receipt> {
        let reported = self.reports().into_iter().flatten();
        reported
            .map(|(_, what)| match what {
                Completed::Confirmed(receipt) => receipt,
                other => panic!("not confirmed: {other:?}"),
            })
            .collect()
    }
}
