//! Dead letters read back: the messages that the queue of a store holds, fetched one by one.
//!
//! They are fetched and not acknowledged, so the broker hands them to nobody else meanwhile, and
//! puts back at their old places what is not settled at the end.

use std::sync::Arc;
use std::time::Duration;

use binder_core::{BoxFuture, DeadLetterSpec, Delivery, Letters, Result, Room, Tag};
use futures::future::join_all;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use tokio::time::{Instant, sleep};

use crate::connection::Live;
use crate::engine::Engine;
use crate::error::{broker, is_missing};
use crate::link::Link;
use crate::properties::inbound;
use crate::topology::short;

/// The most requests on their way; up to this number `join_all` sends them in order.
const GETS: usize = 30;
/// While what came last is smaller than this, more is asked for at once.
const SMALL: usize = 1024 * 1024;
/// How long letters may take to be back in the queue, and how often it is looked at meanwhile.
const BACK: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(10);
/// Every message of the channel that is neither acknowledged nor given back.
const EVERYTHING: u64 = 0;

struct AmqpLetters {
    /// The thread lives as long as what it serves.
    engine: Arc<Engine>,
    queue: Queue,
    held: u64,
    unread: u64,
    /// Fetched and not settled.
    unsettled: u64,
    /// How many to ask for at once.
    gets: usize,
    open: bool,
}

/// The queue of a store, on a channel of its own.
#[derive(Clone)]
struct Queue {
    name: ShortString,
    channel: lapin::Channel,
    /// The connection lives as long as its channels.
    _live: Arc<Live>,
}

/// Looks for the queue of a store, which has its name.
///
/// # Errors
///
/// What stands against it, within `spec.connect`.
pub(crate) async fn open(
    engine: &Arc<Engine>,
    link: &Arc<Link>,
    spec: &DeadLetterSpec,
) -> Result<Option<Box<dyn Letters>>> {
    let (link, name) = (link.clone(), short(spec.destination.as_str())?);
    let deadline = Instant::now() + spec.connect;
    let opened = engine
        .call(async move { link.with(deadline, |live| Queue::open(live, name.clone())).await });
    let Some((queue, held)) = opened.await? else { return Ok(None) };
    Ok(Some(Box::new(AmqpLetters {
        engine: engine.clone(),
        queue,
        held,
        unread: held,
        unsettled: 0,
        gets: 1,
        open: true,
    })))
}

impl Queue {
    /// The queue and how many messages wait there; `None` where there is no such queue.
    async fn open(live: Arc<Live>, name: ShortString) -> Result<Option<(Self, u64)>> {
        let channel = live.channel().await?;
        let queue = Self { name, channel, _live: live };
        match queue.ready().await {
            Ok(ready) => Ok(Some((queue, ready))),
            Err(why) if is_missing(&why) => Ok(None),
            Err(why) => Err(broker("cannot look for the queue", why)),
        }
    }

    /// How many messages wait. Everything that was said on the channel before is done then.
    async fn ready(&self) -> lapin::Result<u64> {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let found = self.channel.queue_declare(self.name.clone(), options, FieldTable::default());
        Ok(u64::from(found.await?.message_count()))
    }

    /// The next messages, up to `count`; fewer when there are no more.
    async fn fetch(self, count: usize) -> Result<Vec<Delivery>> {
        let get = || self.channel.basic_get(self.name.clone(), BasicGetOptions { no_ack: false });
        let mut letters = Vec::with_capacity(count);
        for got in join_all((0..count).map(|_| get())).await {
            let got = got.map_err(|why| broker("cannot read the queue", why))?;
            let Some(got) = got else { break };
            let sequence = got.delivery.delivery_tag;
            let (message, earlier_attempts) = inbound(&got.delivery.properties, got.delivery.data);
            let tag = Tag { epoch: 0, partition: 0, sequence };
            letters.push(Delivery { message, tag, earlier_attempts });
        }
        Ok(letters)
    }

    async fn acknowledge(self, tags: Vec<u64>) -> Result<()> {
        for tag in tags {
            let sent = self.channel.basic_ack(tag, BasicAckOptions { multiple: false }).await;
            sent.map_err(|why| broker("cannot acknowledge a letter", why))?;
        }
        Ok(())
    }

    /// Gives back what is unsettled, and waits until the queue has all that is `left`. RabbitMQ hands
    /// each to the queue for itself and confirms none of it, so the only sign is the number of
    /// letters; it may be that somebody else has fetched some, so it is not waited for without an end.
    async fn close(self, left: u64) -> Result<()> {
        let cannot = |why| broker("cannot give back the letters", why);
        let back = BasicNackOptions { multiple: true, requeue: true };
        self.channel.basic_nack(EVERYTHING, back).await.map_err(cannot)?;
        let until = Instant::now() + BACK;
        while self.ready().await.map_err(cannot)? < left && Instant::now() < until {
            sleep(LOOK).await;
        }
        self.channel.close(200, "OK".into()).await.map_err(cannot)
    }
}

impl AmqpLetters {
    /// Letters that were here at the start and are not settled, fetched or not.
    fn left(&self) -> u64 {
        self.unread + self.unsettled
    }

    async fn fetch(&mut self, room: Room) -> Result<Vec<Delivery>> {
        let (mut letters, mut bytes) = (Vec::new(), 0);
        while self.unread > 0 && letters.len() < room.messages && bytes < room.bytes.max(1) {
            let left = usize::try_from(self.unread).unwrap_or(usize::MAX);
            let count = self.gets.min(room.messages - letters.len()).min(left);
            let got = self.engine.call(self.queue.clone().fetch(count)).await?;
            let size: usize = got.iter().map(|letter| letter.message.size()).sum();
            self.gets = if size < SMALL { (self.gets * 2).min(GETS) } else { 1 };
            self.unread -= got.len() as u64;
            self.unsettled += got.len() as u64;
            // Somebody else reads the queue too, and it is empty.
            let ended = got.len() < count;
            letters.extend(got);
            bytes += size;
            if ended {
                self.unread = 0;
            }
        }
        Ok(letters)
    }
}

impl Letters for AmqpLetters {
    fn next(&mut self, room: Room) -> BoxFuture<'_, Result<Vec<Delivery>>> {
        Box::pin(self.fetch(room))
    }

    fn settle<'a>(&'a mut self, letters: &'a [Tag]) -> BoxFuture<'a, Result<()>> {
        self.unsettled = self.unsettled.saturating_sub(letters.len() as u64);
        let tags = letters.iter().map(|tag| tag.sequence).collect();
        Box::pin(self.engine.call(self.queue.clone().acknowledge(tags)))
    }

    fn held(&self) -> u64 {
        self.held
    }

    fn keeps_places(&self) -> bool {
        true
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        self.open = false;
        Box::pin(async move { self.engine.call(self.queue.clone().close(self.left())).await })
    }
}

impl Drop for AmqpLetters {
    /// Given back as soon as the thread comes to it.
    fn drop(&mut self) {
        if self.open {
            let (queue, left) = (self.queue.clone(), self.left());
            self.engine.spawn(async move {
                if let Err(why) = queue.close(left).await {
                    tracing::debug!("letters go back with their channel: {why}");
                }
            });
        }
    }
}
