//! One channel with its consumers, from the first message to the last.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use binder_core::{Delivery, Destination, Error, ErrorKind, Message, Result, Settlement, Tag};
use futures::{FutureExt, Stream};
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use tokio::time::timeout;

use crate::connection::Live;
use crate::error::broker;
use crate::handover::Handover;
use crate::ledger::{Ledger, Tell};
use crate::properties::inbound;
use crate::topology::{self, GroupQueues};

/// Deliveries that are handed over together at most.
const BATCH: usize = 256;
/// How long the broker may take to close a channel.
const CLOSE: Duration = Duration::from_secs(5);

/// What an input reads, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) binding: String,
    pub(crate) source: Source,
    /// Unsettled messages at once, over all queues.
    pub(crate) prefetch: u16,
}

/// Where messages come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The queues of a group.
    Group(GroupQueues),
    /// A queue for this input alone, made anew for each connection.
    Anonymous(Destination),
}

impl Source {
    /// Makes what is missing; gives the queues, partition by partition.
    async fn queues(&self, live: &Arc<Live>) -> Result<Vec<ShortString>> {
        match self {
            Self::Group(group) => group.ensure(live).await,
            Self::Anonymous(destination) => {
                topology::anonymous(live, destination).await.map(|queue| vec![queue])
            }
        }
    }
}

/// A channel that consumes.
pub(crate) struct Session {
    channel: lapin::Channel,
    /// One for each partition.
    consumers: Vec<lapin::Consumer>,
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
    pub(crate) async fn open(live: Arc<Live>, plan: &Plan, epoch: u32) -> Result<Self> {
        let queues = plan.source.queues(&live).await?;
        let channel = live.channel().await?;
        // The broker counts each consumer of the channel by itself.
        let each = plan.prefetch / u16::try_from(queues.len()).unwrap_or(u16::MAX);
        channel
            .basic_qos(each.max(1), BasicQosOptions { global: false })
            .await
            .map_err(|why| broker("cannot set the prefetch", why))?;
        let mut consumers = Vec::with_capacity(queues.len());
        for queue in queues {
            let text = format!("cannot consume from queue `{queue}`");
            let options = BasicConsumeOptions::default();
            let consumer =
                channel.basic_consume(queue, "".into(), options, FieldTable::default()).await;
            consumers.push(consumer.map_err(|why| broker(text, why))?);
        }
        Ok(Self {
            channel,
            consumers,
            turn: 0,
            epoch,
            ledger: Ledger::new(),
            batch: Vec::new(),
            settled: Vec::new(),
            _live: live,
        })
    }

    /// How many partitions there are.
    pub(crate) fn partitions(&self) -> u32 {
        u32::try_from(self.consumers.len()).unwrap_or(u32::MAX)
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
        for offset in 0..self.consumers.len() {
            let index = self.turn.wrapping_add(offset) % self.consumers.len();
            while self.batch.len() < BATCH {
                match Pin::new(&mut self.consumers[index]).poll_next(cx) {
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

    #[cold]
    fn cancelled(&self, index: usize) -> Error {
        let queue = self.consumers[index].queue();
        let text = format!("queue `{queue}` was deleted, or has moved to another node");
        Error::new(ErrorKind::Topology, text)
    }

    fn take(&mut self, index: usize, delivery: lapin::message::Delivery) {
        let sequence = delivery.delivery_tag;
        self.ledger.deliver(sequence);
        let (message, earlier_attempts): (Message, u32) =
            inbound(&delivery.properties, delivery.data);
        let partition = u32::try_from(index).unwrap_or(u32::MAX);
        let tag = Tag { epoch: self.epoch, partition, sequence };
        self.batch.push(Delivery { message, tag, earlier_attempts });
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
        match timeout(CLOSE, closing).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => tracing::debug!("the channel was gone before it was closed: {why}"),
            Err(_) => tracing::warn!("the broker has not closed a channel within {CLOSE:?}"),
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
