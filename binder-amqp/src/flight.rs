//! Publishes whose confirmations are awaited, all at once.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use binder_core::Completion;
use bytes::Bytes;
use futures::Stream;
use futures::stream::FuturesUnordered;
use futures::task::AtomicWaker;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;

/// A message that was sent.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) completion: Completion,
    pub(crate) id: ShortString,
    pub(crate) partition: Option<u32>,
    /// Bytes of payload, key and headers.
    pub(crate) size: usize,
    /// Bytes of payload.
    pub(crate) body: usize,
}

/// What the broker said of it.
pub(crate) type Landed = (Ticket, lapin::Result<lapin::Confirmation>);

/// A message to send, as the client wants it.
pub(crate) struct Frame {
    pub(crate) channel: lapin::Channel,
    pub(crate) exchange: ShortString,
    pub(crate) routing_key: ShortString,
    pub(crate) properties: lapin::BasicProperties,
    pub(crate) payload: Option<Bytes>,
}

impl Frame {
    /// Sends it. It is on its way when this was polled once, behind all that were polled before.
    pub(crate) async fn publish(self, ticket: Ticket) -> Landed {
        let Self { channel, exchange, routing_key, properties, payload } = self;
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let body = payload.as_deref().unwrap_or_default();
        let sent = channel.basic_publish(exchange, routing_key, options, body, properties).await;
        let confirmed = match sent {
            Ok(confirm) => confirm.await,
            Err(why) => Err(why),
        };
        (ticket, confirmed)
    }
}

/// The publishes of one channel, polled for the first time in the order in which they were added.
pub(crate) struct Flight<F> {
    publishes: FuturesUnordered<F>,
    woken: Arc<Woken>,
}

impl<F: Future<Output = Landed>> Flight<F> {
    pub(crate) fn new() -> Self {
        Self { publishes: FuturesUnordered::new(), woken: Arc::default() }
    }

    pub(crate) fn push(&mut self, publish: F) {
        self.publishes.push(publish);
    }

    pub(crate) fn len(&self) -> usize {
        self.publishes.len()
    }

    /// Waits until at least one has landed, and gives all that have: one that landed before any of
    /// those that are given is among them, or was given earlier.
    pub(crate) async fn land(&mut self, landed: &mut Vec<Landed>) {
        poll_fn(|cx| self.poll_land(cx, landed)).await;
    }

    /// A pending set may only have yielded. It is empty of woken futures when nothing woke it
    /// since the last poll: a future's waker is called before the next one's result is set.
    pub(crate) fn poll_land(&mut self, cx: &mut Context<'_>, landed: &mut Vec<Landed>) -> Poll<()> {
        self.woken.task.register(cx.waker());
        let waker = Waker::from(self.woken.clone());
        let mut flagged = Context::from_waker(&waker);
        loop {
            self.woken.flag.store(false, Ordering::SeqCst);
            let mut publishes = Pin::new(&mut self.publishes);
            while let Poll::Ready(Some(one)) = publishes.as_mut().poll_next(&mut flagged) {
                landed.push(one);
            }
            if !self.woken.flag.load(Ordering::SeqCst) {
                return if landed.is_empty() { Poll::Pending } else { Poll::Ready(()) };
            }
        }
    }
}

/// Remembers that it was woken, and passes it on.
#[derive(Default)]
struct Woken {
    flag: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.flag.store(true, Ordering::SeqCst);
        self.task.wake();
    }
}
