//! One channel with its consumers, from the first message to the last.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use binder_core::logic::assignment::owns;
use binder_core::{
    Delivery, Destination, Error, ErrorKind, Instance, Limit, Message, Result, Settlement, Tag,
};
use futures::FutureExt;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::types::ShortString;
use tokio::time::timeout;

use crate::connection::Live;
use crate::consumer::ahead::Ahead;
use crate::consumer::reader::Reader;
use crate::error::broker;
use crate::handover::Handover;
use crate::ledger::{Ledger, Tell};
use crate::link::Link;
use crate::properties::inbound;
use crate::topology::{self, GroupQueues};
use crate::window::Window;

/// Deliveries that are handed over together at most.
const BATCH: usize = 256;
/// How long the broker may take to close a channel, or to change what it sends ahead.
const ANSWER: Duration = Duration::from_secs(5);

/// What an input reads, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) binding: String,
    pub(crate) source: Source,
    /// What may be unsettled at once, over all queues; 1 to 65,535 messages.
    pub(crate) limit: Limit,
}

impl Plan {
    fn ahead(&self, link: &Link) -> Ahead {
        match self.source.shared() {
            Some(queue) if link.is_uncounted(&queue) => Ahead::Nobody,
            Some(_) => Ahead::Channel,
            None => Ahead::Consumer,
        }
    }

    #[cold]
    fn cannot_consume(&self, link: &Link, ahead: Ahead, why: lapin::Error) -> Error {
        if !ahead.is_refused(&why) {
            return broker("cannot consume", why);
        }
        if let Some(queue) = self.source.shared() {
            link.note_uncounted(queue);
        }
        tracing::warn!(
            binding = self.binding,
            "the broker does not bound what this input's queues send ahead in bytes, only in \
             messages; set `max_in_flight` so that as many of the largest fit: {why}"
        );
        // The connection is lost with it, and the next attempt does without.
        let text = "the broker counts nothing for a channel of these queues";
        Error::new(ErrorKind::Connect, text).with_source(why).transient(true)
    }
}

/// Where messages come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The queues of a group; of partition queues those of this instance.
    Group {
        /// All of them.
        queues: GroupQueues,
        /// Which of the instances this is.
        instance: Instance,
    },
    /// A queue for this input alone, made anew for each connection.
    Anonymous(Destination),
}

impl Source {
    /// What the partition queues of a group are named after; none where one queue is read.
    fn shared(&self) -> Option<String> {
        match self {
            Self::Group { queues: GroupQueues { destination, group, partitions, .. }, .. } => {
                partitions.map(|_| topology::queue(destination, group))
            }
            Self::Anonymous(_) => None,
        }
    }

    /// Makes what is missing; gives the queues to read, each with its partition.
    async fn queues(&self, live: &Arc<Live>) -> Result<Vec<(u32, ShortString)>> {
        match self {
            Self::Group { queues, instance } => {
                let all = queues.ensure(live).await?;
                if queues.partitions.is_none() {
                    return Ok((0..).zip(all).collect());
                }
                share(*instance, all)
            }
            Self::Anonymous(destination) => {
                topology::anonymous(live, destination).await.map(|queue| vec![(0, queue)])
            }
        }
    }
}

/// The partition queues of an instance.
///
/// # Errors
///
/// [`ErrorKind::Config`] when there are more instances than partitions and none is left for this.
fn share(instance: Instance, all: Vec<ShortString>) -> Result<Vec<(u32, ShortString)>> {
    let count = all.len();
    let mine: Vec<_> = (0..).zip(all).filter(|(partition, _)| owns(instance, *partition)).collect();
    if !mine.is_empty() {
        return Ok(mine);
    }
    let Instance { index, count: instances } = instance;
    let text = format!(
        "instance {index} of {instances} would read nothing: there are {count} partition queues"
    );
    Err(Error::new(ErrorKind::Config, text)
        .with_hint("let `app.instance.count` be at most the number of partitions"))
}

/// A channel that consumes.
pub(crate) struct Session {
    channel: lapin::Channel,
    /// One for each partition.
    readers: Vec<Reader>,
    limit: Limit,
    ahead: Ahead,
    window: Window,
    /// Nothing that has come was left unread the last time.
    drained: bool,
    /// Where reading begins, so that no partition waits for the others for ever.
    turn: usize,
    epoch: u32,
    ledger: Ledger,
    batch: Vec<Delivery>,
    settled: Vec<(Tag, Settlement)>,
    /// The connection lives as long as its channels.
    _live: Arc<Live>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Session {
    /// Makes the topology and consumes.
    ///
    /// # Errors
    ///
    /// What the broker refuses.
    pub(crate) async fn open(
        live: Arc<Live>,
        link: &Link,
        plan: &Plan,
        epoch: u32,
    ) -> Result<Self> {
        let queues = plan.source.queues(&live).await?;
        let (ahead, limit) = (plan.ahead(link), plan.limit);
        let channel = live.channel().await?;
        let window = Window::new(limit, ahead.counts());
        let consuming = async {
            ahead.share(&channel, queues.len(), limit).await?;
            ahead.tell(&channel, window.messages(), limit).await?;
            let mut readers = Vec::with_capacity(queues.len());
            for (partition, queue) in queues {
                readers.push(Reader::open(&channel, partition, queue).await?);
            }
            Ok(readers)
        };
        let consuming: lapin::Result<_> = consuming.await;
        let readers = consuming.map_err(|why| plan.cannot_consume(link, ahead, why))?;
        Ok(Self {
            channel,
            readers,
            limit,
            ahead,
            window,
            drained: false,
            turn: 0,
            epoch,
            ledger: Ledger::new(),
            batch: Vec::new(),
            settled: Vec::new(),
            _live: live,
        })
    }

    /// The partitions that are read.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = u32> {
        self.readers.iter().map(Reader::partition)
    }

    /// Waits for deliveries and hands over those that are there.
    ///
    /// # Errors
    ///
    /// The end of the channel or of one of its consumers, after which it must not be read again.
    pub(crate) async fn read(&mut self, handover: &Handover) -> Result<()> {
        let read = poll_fn(|cx| self.poll_read(cx)).await;
        handover.offer(&mut self.batch);
        read
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.turn = self.turn.wrapping_add(1);
        self.drained = true;
        for offset in 0..self.readers.len() {
            let index = self.turn.wrapping_add(offset) % self.readers.len();
            loop {
                let full = self.batch.len() >= BATCH || self.is_full();
                let reader = &mut self.readers[index];
                // What there is no room for is looked at, so that an end is seen.
                if full && reader.poll_more(cx) {
                    self.drained = false;
                    break;
                }
                match reader.poll_next(cx) {
                    Poll::Ready(Some(Ok(delivery))) => self.take(index, delivery),
                    Poll::Ready(Some(Err(why))) => {
                        return Poll::Ready(Err(broker("the channel has failed", why)));
                    }
                    Poll::Ready(None) => return Poll::Ready(Err(self.cancelled(index))),
                    Poll::Pending => break,
                }
            }
        }
        if self.batch.is_empty() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    /// Whether as much is in flight as may be; one message may exceed the bytes.
    fn is_full(&self) -> bool {
        let Limit { messages, bytes } = self.ledger.in_flight();
        messages >= self.limit.messages || (messages > 0 && bytes >= self.limit.bytes)
    }

    #[cold]
    fn cancelled(&self, index: usize) -> Error {
        let queue = self.readers[index].queue();
        let text = format!("queue `{queue}` was deleted, or has moved to another node");
        Error::new(ErrorKind::Topology, text)
    }

    fn take(&mut self, index: usize, delivery: lapin::message::Delivery) {
        let sequence = delivery.delivery_tag;
        let (message, earlier_attempts): (Message, u32) =
            inbound(&delivery.properties, delivery.data);
        let size = message.size();
        self.ledger.deliver(sequence, size);
        self.window.deliver(size);
        let partition = self.readers[index].partition();
        let tag = Tag { epoch: self.epoch, partition, sequence };
        self.batch.push(Delivery { message, tag, earlier_attempts });
    }

    /// Whether the broker sends ahead as much as it may ever.
    pub(crate) fn is_open(&self) -> bool {
        self.ahead == Ahead::Nobody || self.window.is_open()
    }

    /// Whether it may help to be [nudged](Self::adapt) when nothing happens for a while.
    pub(crate) fn is_waiting(&self) -> bool {
        self.ahead == Ahead::Consumer
            && self.drained
            && !self.is_open()
            && self.ledger.held().messages > 0
    }

    /// Lets the broker send ahead what the sizes of messages allow; `nudged` when nothing has come
    /// and nothing was settled for a while.
    ///
    /// # Errors
    ///
    /// The end of the channel, after which it must not be read again.
    pub(crate) async fn adapt(&mut self, nudged: bool) -> Result<()> {
        let held = self.ledger.held();
        // What was not read is not in the figure.
        let known = self.drained || held.bytes > self.limit.bytes;
        if self.ahead == Ahead::Nobody || !known {
            return Ok(());
        }
        let present = match self.ahead {
            Ahead::Consumer if !self.is_open() => {
                self.readers.iter().map(|reader| reader.present(&self.ledger)).sum()
            }
            _ => held.messages,
        };
        let changed = match nudged {
            true => self.window.nudge(held, present),
            false => self.window.adapt(held, present),
        };
        if !changed {
            return Ok(());
        }
        timeout(ANSWER, self.tell_window()).await.unwrap_or_else(|_| {
            let text = format!("the broker has not changed the prefetch within {ANSWER:?}");
            Err(Error::new(ErrorKind::Broker, text))
        })
    }

    async fn tell_window(&mut self) -> Result<()> {
        let told = self.ahead.tell(&self.channel, self.window.messages(), self.limit).await;
        told.map_err(|why| broker("cannot change the prefetch", why))?;
        if self.ahead == Ahead::Consumer {
            for reader in &mut self.readers {
                reader.replace(&self.channel, &self.ledger).await?;
            }
        }
        Ok(())
    }

    /// Tells the broker what was settled meanwhile.
    pub(crate) fn settle(&mut self, handover: &Handover) {
        self.account(handover);
        let channel = &self.channel;
        self.ledger.flush(|what| tell(channel, what));
    }

    fn account(&mut self, handover: &Handover) {
        handover.take_settled(&mut self.settled);
        let mut late = 0;
        for (tag, settlement) in self.settled.drain(..) {
            let known = tag.epoch == self.epoch
                && match settlement {
                    Settlement::Ack => self.ledger.settle(tag.sequence),
                    _ => self.ledger.release(tag.sequence),
                };
            late += usize::from(!known);
        }
        handover.count_late(late);
    }

    /// Tells the broker of all settlements so far; the rest goes back to its queue with the
    /// channel.
    pub(crate) async fn close(mut self, handover: &Handover) {
        if !self.channel.status().connected() {
            self.account(handover);
            return;
        }
        self.account(handover);
        let channel = &self.channel;
        self.ledger.close(|what| tell(channel, what));
        // Not cancelled first: a partition queue's next reader might get later messages before
        // those that go back.
        let closing = channel.close(200, "OK".into());
        match timeout(ANSWER, closing).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => tracing::debug!("the channel was gone before it was closed: {why}"),
            Err(_) => tracing::warn!("the broker has not closed a channel within {ANSWER:?}"),
        }
    }
}

/// Leaves a frame for the client to write. Nobody waits for it: the channel tells of its own end.
fn tell(channel: &lapin::Channel, what: Tell) {
    let ack = |tag, multiple| {
        drop(channel.basic_ack(tag, BasicAckOptions { multiple }).now_or_never());
    };
    match what {
        Tell::AckThrough(tag) => ack(tag, true),
        Tell::Ack(tag) => ack(tag, false),
        Tell::Return(tag) => {
            let options = BasicNackOptions { multiple: false, requeue: true };
            drop(channel.basic_nack(tag, options).now_or_never());
        }
    }
}
