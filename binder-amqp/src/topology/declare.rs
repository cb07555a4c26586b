//! Making topology be there, without touching what exists.
//!
//! A declaration that finds another queue or exchange of its name changes nothing: what exists is
//! used as it is, and the difference logged. Each such finding costs the channel, so all of this
//! happens on one that carries nothing else.

use std::num::NonZeroU32;
use std::sync::Arc;

use binder_core::{Destination, Error, ErrorKind, Result};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::connection::Live;
use crate::error::{broker, is_conflict, is_forbidden, is_missing};
use crate::identity::anonymous_queue;
use crate::topology::plan::{GroupQueues, Wanted, partition_key, partition_queue, queue, short};

/// Every message.
const ALL: &str = "#";

/// Declares what is missing, in an order in which nothing is lost: exchanges, then the queues that
/// catch what is sent to them.
///
/// # Errors
///
/// [`ErrorKind::Topology`] for partition queues of another number, and what the broker refuses.
pub(crate) async fn ensure(live: &Arc<Live>, wanted: &Wanted) -> Result<()> {
    let mut declarer = Declarer::new(live.clone());
    for exchange in &wanted.exchanges {
        declarer.exchange(exchange).await?;
    }
    for group in &wanted.groups {
        declarer.group(group).await?;
    }
    for store in &wanted.stores {
        declarer.queue(store.as_str(), Kind::Plain).await?;
        declarer.bind(store.as_str(), store, ALL).await?;
    }
    declarer.close().await;
    Ok(())
}

impl GroupQueues {
    /// Declares what is missing; gives the names of the queues there are, partition by partition.
    ///
    /// # Errors
    ///
    /// As [`ensure`].
    pub(crate) async fn ensure(&self, live: &Arc<Live>) -> Result<Vec<ShortString>> {
        let mut declarer = Declarer::new(live.clone());
        declarer.exchange(&self.destination).await?;
        let count = declarer.group(self).await?;
        declarer.close().await;
        match count {
            None => Ok(vec![short(&queue(&self.destination, &self.group))?]),
            Some(count) => (0..count.get()).map(|partition| self.partition(partition)).collect(),
        }
    }

    /// How many partition queues somebody sends to who adds none: those that there are, of those that
    /// are wanted; all of these where there is none yet.
    ///
    /// # Errors
    ///
    /// What the broker refuses.
    pub(crate) async fn found(&self, live: &Arc<Live>) -> Result<Option<NonZeroU32>> {
        let Some(wanted) = self.partitions else { return Ok(None) };
        let mut declarer = Declarer::new(live.clone());
        let found = declarer.found(self, wanted).await?;
        declarer.close().await;
        Ok(NonZeroU32::new(found).or(Some(wanted)))
    }

    fn partition(&self, partition: u32) -> Result<ShortString> {
        short(&partition_queue(&self.destination, &self.group, partition))
    }
}

/// Declares a queue that goes away with the connection; gives its name.
///
/// # Errors
///
/// What the broker refuses.
pub(crate) async fn anonymous(live: &Arc<Live>, destination: &Destination) -> Result<ShortString> {
    let mut declarer = Declarer::new(live.clone());
    declarer.exchange(destination).await?;
    let name = anonymous_queue(destination.as_str());
    declarer.queue(&name, Kind::Anonymous).await?;
    declarer.bind(&name, destination, ALL).await?;
    declarer.close().await;
    short(&name)
}

/// What is special about a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Read by one process at a time, so that order holds across processes.
    Partition,
    Anonymous,
}

struct Declarer {
    live: Arc<Live>,
    channel: Option<lapin::Channel>,
}

impl Declarer {
    fn new(live: Arc<Live>) -> Self {
        Self { live, channel: None }
    }

    /// The channel in use; a refused declaration has closed the one before.
    async fn channel(&mut self) -> Result<lapin::Channel> {
        match self.channel.take().filter(|channel| channel.status().connected()) {
            Some(channel) => Ok(self.channel.insert(channel).clone()),
            None => Ok(self.channel.insert(self.live.channel().await?).clone()),
        }
    }

    async fn close(self) {
        if let Some(channel) = self.channel {
            // Nothing is left to do on it, so nothing is lost with it.
            drop(channel.close(200, "OK".into()).await);
        }
    }

    async fn exchange(&mut self, name: &Destination) -> Result<()> {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let found = self.declare_exchange(name, options).await?;
        let Err(why) = found else { return Ok(()) };
        if is_conflict(&why) {
            tracing::warn!(exchange = %name, "the exchange is used as it is: {why}");
            return Ok(());
        }
        if is_forbidden(&why) {
            let look = ExchangeDeclareOptions { passive: true, ..options };
            if self.declare_exchange(name, look).await?.is_ok() {
                return Ok(());
            }
        }
        Err(broker(format!("cannot declare exchange `{name}`"), why))
    }

    async fn declare_exchange(
        &mut self,
        name: &Destination,
        options: ExchangeDeclareOptions,
    ) -> Result<lapin::Result<()>> {
        let topic = lapin::ExchangeKind::Topic;
        let channel = self.channel().await?;
        Ok(channel.exchange_declare(short(name.as_str())?, topic, options, table()).await)
    }

    async fn queue(&mut self, name: &str, kind: Kind) -> Result<()> {
        let anonymous = kind == Kind::Anonymous;
        let options = QueueDeclareOptions {
            durable: !anonymous,
            exclusive: anonymous,
            auto_delete: anonymous,
            ..Default::default()
        };
        let mut arguments = table();
        if kind == Kind::Partition {
            arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        }
        let channel = self.channel().await?;
        let declared = channel.queue_declare(short(name)?, options, arguments).await;
        let Err(why) = declared else { return Ok(()) };
        if is_conflict(&why) {
            tracing::warn!(queue = name, "the queue is used as it is: {why}");
            return Ok(());
        }
        if is_forbidden(&why) && self.exists(name).await? {
            return Ok(());
        }
        Err(broker(format!("cannot declare queue `{name}`"), why))
    }

    /// Looks without declaring.
    async fn exists(&mut self, name: &str) -> Result<bool> {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let channel = self.channel().await?;
        match channel.queue_declare(short(name)?, options, table()).await {
            Ok(_) => Ok(true),
            Err(why) if is_missing(&why) => Ok(false),
            Err(why) => Err(broker(format!("cannot look for queue `{name}`"), why)),
        }
    }

    /// Binds, as Spring does also where the queue exists: a queue that was made and not yet bound
    /// when its maker died would lose everything.
    async fn bind(&mut self, queue: &str, exchange: &Destination, key: &str) -> Result<()> {
        let channel = self.channel().await?;
        let options = QueueBindOptions::default();
        let exchange = short(exchange.as_str())?;
        let bound =
            channel.queue_bind(short(queue)?, exchange, short(key)?, options, table()).await;
        match bound {
            Err(why) if is_forbidden(&why) => {
                tracing::warn!(queue, key, "the queue's bindings are taken as they are: {why}");
                Ok(())
            }
            bound => bound.map_err(|why| broker(format!("cannot bind queue `{queue}`"), why)),
        }
    }

    /// Declares the queues of a group; gives how many partitions there are.
    async fn group(&mut self, group: &GroupQueues) -> Result<Option<NonZeroU32>> {
        let GroupQueues { destination, group: name, partitions, .. } = group;
        let Some(wanted) = *partitions else {
            let queue = queue(destination, name);
            self.queue(&queue, Kind::Plain).await?;
            self.bind(&queue, destination, ALL).await?;
            return Ok(None);
        };
        let count = self.partitions(group, wanted).await?;
        // From the last to the first, so that where the first is, all are.
        for partition in (0..count.get()).rev() {
            let queue = partition_queue(destination, name, partition);
            self.queue(&queue, Kind::Partition).await?;
            let key = partition_key(destination.as_str(), partition);
            self.bind(&queue, destination, &key).await?;
        }
        Ok(Some(count))
    }

    /// How many partition queues there are, or shall be where there are none.
    async fn partitions(&mut self, group: &GroupQueues, wanted: NonZeroU32) -> Result<NonZeroU32> {
        let GroupQueues { destination, group: name, .. } = group;
        let queue = |partition: u32| partition_queue(destination, name, partition);
        if !self.exists(&queue(0)).await? {
            return Ok(wanted);
        }
        let mut count = wanted;
        if self.exists(&queue(wanted.get() - 1)).await? {
            while self.exists(&queue(count.get())).await? {
                count = count.saturating_add(1);
            }
            if count > wanted {
                tracing::warn!(
                    %destination, group = %name, %wanted,
                    "the group has {count} partition queues, and all of them are read"
                );
            }
            return Ok(count);
        }
        let found = self.found(group, wanted).await?;
        if group.grow {
            tracing::info!(%destination, group = %name, found, %wanted, "partition queues are added");
            return Ok(wanted);
        }
        let text = format!(
            "group `{name}` of `{destination}` has {found} partition queues, {wanted} are asked for"
        );
        Err(Error::new(ErrorKind::Topology, text)
            .with_hint(format!("set `partition_count = {found}`, or let the destination `grow`")))
    }

    /// How many of the partition queues that are wanted there are, counted from the first.
    async fn found(&mut self, group: &GroupQueues, wanted: NonZeroU32) -> Result<u32> {
        let GroupQueues { destination, group: name, .. } = group;
        let mut found = 0;
        while found < wanted.get()
            && self.exists(&partition_queue(destination, name, found)).await?
        {
            found += 1;
        }
        Ok(found)
    }
}

fn table() -> FieldTable {
    FieldTable::default()
}
