//! The consumer of one queue, and how another takes its place.
//!
//! The prefetch of a consumer never changes, so another prefetch is another consumer. The new one
//! is there before the old one is cancelled, because a private queue goes away without a consumer.
//! What the two are given goes by its delivery tag, which is the order of the queue.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use binder_core::{Error, ErrorKind, Result};
use futures::stream::Peekable;
use futures::{FutureExt, Stream, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions};
use lapin::types::{FieldTable, ShortString};

use crate::error::broker;
use crate::ledger::Ledger;

/// A queue that is read.
pub(super) struct Reader {
    partition: u32,
    consumer: Peekable<lapin::Consumer>,
    /// What came to the consumer before, and to this one until that had ended.
    before: VecDeque<Delivery>,
    /// What of it came to this one.
    early: Vec<u64>,
    /// From this tag on everything came to this one.
    since: u64,
}

impl Reader {
    /// Consumes, with the prefetch that was set.
    ///
    /// # Errors
    ///
    /// What the broker refuses.
    pub(super) async fn open(
        channel: &lapin::Channel,
        partition: u32,
        queue: ShortString,
    ) -> lapin::Result<Self> {
        let consumer = consume(channel, queue).await?.peekable();
        Ok(Self { partition, consumer, before: VecDeque::new(), early: Vec::new(), since: 1 })
    }

    /// The partition whose queue it is; 0 where there is only one queue.
    pub(super) fn partition(&self) -> u32 {
        self.partition
    }

    /// The queue's name.
    pub(super) fn queue(&self) -> ShortString {
        self.consumer.get_ref().queue()
    }

    /// The next delivery.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<lapin::Result<Delivery>>> {
        match self.before.pop_front() {
            Some(delivery) => Poll::Ready(Some(Ok(delivery))),
            None => Pin::new(&mut self.consumer).poll_next(cx),
        }
    }

    /// Whether a delivery waits to be taken.
    pub(super) fn poll_more(&mut self, cx: &mut Context<'_>) -> bool {
        !self.before.is_empty()
            || matches!(Pin::new(&mut self.consumer).poll_peek(cx), Poll::Ready(Some(Ok(_))))
    }

    /// How many of the messages in the ledger this consumer was sent.
    pub(super) fn present(&self, ledger: &Ledger) -> usize {
        let early = self.early.iter().filter(|tag| ledger.holds(**tag)).count();
        early + ledger.held_from(self.since)
    }

    /// Consumes anew, with the prefetch that was set.
    ///
    /// Not for a queue with a single active consumer: RabbitMQ 3.10 loses the queue's process when
    /// its consumer is cancelled while messages wait and another consumer is there.
    ///
    /// # Errors
    ///
    /// What the broker refuses.
    pub(super) async fn replace(
        &mut self,
        channel: &lapin::Channel,
        ledger: &Ledger,
    ) -> Result<()> {
        let new = consume(channel, self.queue()).await;
        let new = new.map_err(|why| broker("cannot consume anew", why))?.peekable();
        let mut old = std::mem::replace(&mut self.consumer, new);
        let tag = old.get_ref().tag();
        let cancelled = channel.basic_cancel(tag, BasicCancelOptions::default()).await;
        cancelled.map_err(|why| broker("cannot cancel a consumer", why))?;
        // The broker has said that it sends nothing more to the old one, so what it has sent to the
        // new one in between is here too.
        let mut came = Vec::new();
        loop {
            match old.next().now_or_never() {
                Some(Some(delivery)) => came.push(delivery),
                Some(None) => break,
                None => {
                    let text = "a consumer has not ended although it was cancelled";
                    return Err(Error::new(ErrorKind::Broker, text));
                }
            }
        }
        let of_old = came.len();
        while let Some(Some(delivery)) = self.consumer.next().now_or_never() {
            came.push(delivery);
        }
        let came: lapin::Result<Vec<_>> = came.into_iter().collect();
        let mut came = came.map_err(|why| broker("the channel has failed", why))?;
        self.early = came.iter().skip(of_old).map(|delivery| delivery.delivery_tag).collect();
        came.sort_by_key(|delivery| delivery.delivery_tag);
        self.before.extend(came);
        let last = self.before.back().map_or(0, |delivery| delivery.delivery_tag);
        self.since = ledger.next().max(last + 1);
        Ok(())
    }
}

async fn consume(channel: &lapin::Channel, queue: ShortString) -> lapin::Result<lapin::Consumer> {
    let options = BasicConsumeOptions::default();
    channel.basic_consume(queue, "".into(), options, FieldTable::default()).await
}
