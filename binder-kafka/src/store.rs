//! Dead letters read back: what of a topic a consumer group of its own has not committed.
//!
//! The group is `<topic>.redrive`. Nobody joins it: partitions are assigned by hand, and only a
//! redrive commits.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use binder_core::logic::dead_letter;
use binder_core::logic::watermark::Watermark;
use binder_core::{
    BoxFuture, DeadLetterSpec, Delivery, Error, ErrorKind, Letters, Native, Result, Room, Tag,
};
use rdkafka::consumer::Consumer as _;
use rdkafka::{Offset, TopicPartitionList};

use crate::bell::Bell;
use crate::config::KafkaSettings;
use crate::error::{Code, broker, is_over_soon};
use crate::log::ClientLog;
use crate::native::{DataQueue, Record, commit_within};
use crate::offload::off_runtime;
use crate::preflight::{Preflight, client_refused};
use crate::pump::Copier;
use crate::sync::lock;

/// Records that are taken from the client at once.
const PULL: usize = 256;
/// How long the client is listened to before the queues are looked at again.
const WAIT: Duration = Duration::from_millis(20);
/// Between two tries of a commit.
const AGAIN: Duration = Duration::from_millis(200);

/// The consumer group that has settled what was redriven.
pub(crate) fn group(topic: &str) -> String {
    format!("{topic}.redrive")
}

struct KafkaLetters {
    reader: Arc<Mutex<Reader>>,
    held: u64,
}

/// Everything below blocks, and is called on threads of its own.
struct Reader {
    topic: String,
    consumer: Arc<rdkafka::consumer::BaseConsumer<ClientLog>>,
    partitions: Vec<Unread>,
    copier: Copier,
    limit: Duration,
}

/// What is left to read of one partition.
struct Unread {
    partition: u32,
    next: u64,
    end: u64,
    queue: DataQueue<ClientLog>,
    settled: Watermark,
}

/// Where the next letter is.
enum Oldest {
    At(usize),
    /// Some partition has not been heard of.
    Unheard,
    /// Everything was read.
    Nowhere,
}

/// Looks where the group stands and where the topic ends; `None` where there is no topic.
///
/// # Errors
///
/// What stands against it, within `spec.connect`.
pub(crate) async fn open(
    settings: &KafkaSettings,
    spec: &DeadLetterSpec,
) -> Result<Option<Box<dyn Letters>>> {
    let (settings, spec) = (settings.clone(), spec.clone());
    let opened = off_runtime("kafka-letters", move || Reader::open(&settings, &spec)).await?;
    let Some(reader) = opened else { return Ok(None) };
    let held = reader.partitions.iter().map(|unread| unread.end - unread.next).sum();
    Ok(Some(Box::new(KafkaLetters { reader: Arc::new(Mutex::new(reader)), held })))
}

impl Reader {
    fn open(settings: &KafkaSettings, spec: &DeadLetterSpec) -> Result<Option<Self>> {
        let topic = spec.destination.to_string();
        let preflight = Preflight::new(settings, spec.connect)?;
        let Some(count) = preflight.partition_count(&topic)? else { return Ok(None) };
        let mut config = settings.consumer(&group(&topic), &Native::new());
        config.set("enable.partition.eof", "true").set("queued.max.messages.kbytes", "4096");
        let consumer: rdkafka::consumer::BaseConsumer<ClientLog> =
            config.create_with_context(ClientLog::default()).map_err(|why| client_refused(&why))?;
        let mut reader = Self {
            topic,
            consumer: Arc::new(consumer),
            partitions: Vec::new(),
            copier: Copier::default(),
            limit: spec.connect,
        };
        reader.assign(count, &preflight)?;
        Ok(Some(reader))
    }

    /// Pins where reading begins and ends.
    fn assign(&mut self, count: u32, preflight: &Preflight) -> Result<()> {
        let mut asked = TopicPartitionList::new();
        for partition in 0..count {
            asked.add_partition(&self.topic, partition.cast_signed());
        }
        let known = self.consumer.committed_offsets(asked, preflight.remaining());
        let known = known.map_err(|why| cannot("cannot ask where the group stands", &why))?;
        let mut assigned = TopicPartitionList::new();
        for partition in 0..count {
            let place = partition.cast_signed();
            let limit = preflight.remaining();
            let bounds = self.consumer.fetch_watermarks(&self.topic, place, limit);
            let (low, high) = bounds.map_err(|why| cannot("cannot ask for the end", &why))?;
            let committed = known.find_partition(&self.topic, place).map(|found| found.offset());
            let from = match committed {
                // What retention has dropped cannot be read, and nothing is below the beginning.
                Some(Offset::Offset(committed)) => committed.clamp(low, high.max(low)),
                _ => low,
            };
            let bell = Arc::new(Bell::default());
            let queue = DataQueue::new(self.consumer.clone(), bell).ok_or_else(no_memory)?;
            if !queue.forward(&self.topic, partition) {
                return Err(no_memory());
            }
            let listed = assigned.add_partition_offset(&self.topic, place, Offset::Offset(from));
            listed.map_err(|why| cannot("cannot assign a partition", &why))?;
            self.partitions.push(Unread {
                partition,
                next: from.cast_unsigned(),
                end: high.max(from).cast_unsigned(),
                queue,
                settled: Watermark::new(),
            });
        }
        self.consumer.assign(&assigned).map_err(|why| cannot("cannot assign partitions", &why))
    }

    fn read(&mut self, room: Room) -> Result<Vec<Delivery>> {
        let (mut letters, mut bytes) = (Vec::new(), 0);
        let until = Instant::now() + self.limit;
        while letters.len() < room.messages && bytes < room.bytes.max(1) {
            match self.oldest()? {
                Oldest::At(index) => {
                    if let Some(letter) = self.take(index) {
                        bytes += letter.message.size();
                        letters.push(letter);
                    }
                }
                Oldest::Unheard if letters.is_empty() => {
                    if Instant::now() >= until {
                        return Err(self.silent());
                    }
                    // It serves the client's events; records are in the queues.
                    drop(self.consumer.poll(WAIT));
                }
                Oldest::Unheard | Oldest::Nowhere => break,
            }
        }
        Ok(letters)
    }

    /// The partition whose next letter failed first. Within a partition letters keep their order.
    fn oldest(&mut self) -> Result<Oldest> {
        let mut oldest: Option<(i64, usize)> = None;
        let mut unheard = false;
        for (index, unread) in self.partitions.iter_mut().enumerate() {
            match unread.head()? {
                Some(at) if oldest.is_none_or(|(first, _)| at < first) => {
                    oldest = Some((at, index))
                }
                Some(_) => {}
                None => unheard |= unread.next < unread.end,
            }
        }
        Ok(match oldest {
            _ if unheard => Oldest::Unheard,
            Some((_, index)) => Oldest::At(index),
            None => Oldest::Nowhere,
        })
    }

    fn take(&mut self, index: usize) -> Option<Delivery> {
        let unread = self.partitions.get_mut(index)?;
        let record = unread.queue.front()?;
        let sequence = record.offset()?;
        let headers = record.headers();
        let size = record.size(&headers);
        let message = self.copier.message(&record, &headers, size);
        unread.queue.pop();
        unread.next = sequence + 1;
        unread.settled.deliver(sequence);
        let tag = Tag { epoch: 0, partition: unread.partition, sequence };
        Some(Delivery { message, tag, earlier_attempts: 0 })
    }

    fn settle(&mut self, letters: &[Tag]) -> Result<()> {
        let mut offsets = TopicPartitionList::new();
        for tag in letters {
            let of = self.partitions.iter_mut().find(|unread| unread.partition == tag.partition);
            if let Some(unread) = of {
                unread.settled.settle(tag.sequence);
            }
        }
        for unread in &mut self.partitions {
            if let Some(position) = unread.settled.committable() {
                let (place, offset) = (unread.partition.cast_signed(), position.cast_signed());
                let offset = Offset::Offset(offset);
                let listed = offsets.add_partition_offset(&self.topic, place, offset);
                listed.map_err(|why| cannot("cannot commit what was redriven", &why))?;
            }
        }
        if offsets.count() == 0 { Ok(()) } else { self.commit(&offsets) }
    }

    fn commit(&self, offsets: &TopicPartitionList) -> Result<()> {
        let until = Instant::now() + self.limit;
        loop {
            match commit_within(&self.consumer, offsets, self.limit) {
                Ok(()) => return Ok(()),
                Err(code) if is_over_soon(code) && Instant::now() < until => {
                    drop(self.consumer.poll(AGAIN));
                }
                Err(code) => return Err(broker("cannot commit what was redriven", code)),
            }
        }
    }

    fn silent(&self) -> Error {
        let reasons = self.consumer.context().reasons();
        let because = reasons.last().map_or("it sends nothing", |(_, reason)| reason.as_str());
        let what = format!("no letter came within {:?}: {because}", self.limit);
        Error::new(ErrorKind::Connect, what).with_hint("is the broker up?")
    }
}

impl Unread {
    /// When the next letter failed; `None` where it has not come, or there is none.
    fn head(&mut self) -> Result<Option<i64>> {
        while self.next < self.end {
            let Some(record) = self.queue.front() else {
                if self.queue.pull(PULL) == 0 {
                    return Ok(None);
                }
                continue;
            };
            match record.error() {
                // What is missing before the end are gaps: markers of transactions, compaction.
                Some((Code::PartitionEOF, _)) => self.next = self.end,
                Some((code, _)) => return Err(broker("cannot read the topic", code)),
                None => match record.offset() {
                    Some(offset) if offset >= self.end => self.next = self.end,
                    Some(offset) if offset >= self.next => return Ok(Some(failed_at(&record))),
                    _ => {}
                },
            }
            self.queue.pop();
        }
        self.queue.retain(|_| false);
        Ok(None)
    }
}

/// When a letter failed; when it was sent where it does not say.
fn failed_at(record: &Record<'_>) -> i64 {
    let name = dead_letter::AT.as_bytes();
    let at = record.headers().iter().filter(|(found, _)| *found == name).last();
    let at = at.and_then(|(_, value)| std::str::from_utf8(value?).ok()?.parse().ok());
    at.or_else(|| record.timestamp()).unwrap_or(0)
}

fn cannot(what: &str, why: &rdkafka::error::KafkaError) -> Error {
    broker(what, why.rdkafka_error_code().unwrap_or(Code::Unknown))
}

fn no_memory() -> Error {
    Error::new(ErrorKind::Broker, "the client has no memory for a queue")
}

impl KafkaLetters {
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let reader = self.reader.clone();
        off_runtime("kafka-letters", move || work(&mut lock(&reader))).await
    }
}

impl Letters for KafkaLetters {
    fn next(&mut self, room: Room) -> BoxFuture<'_, Result<Vec<Delivery>>> {
        Box::pin(self.with(move |reader| reader.read(room)))
    }

    fn settle<'a>(&'a mut self, letters: &'a [Tag]) -> BoxFuture<'a, Result<()>> {
        let letters = letters.to_vec();
        Box::pin(self.with(move |reader| reader.settle(&letters)))
    }

    fn held(&self) -> u64 {
        self.held
    }
}

impl Drop for KafkaLetters {
    /// Away from the caller: closing a client waits for its threads.
    fn drop(&mut self) {
        let reader = self.reader.clone();
        let closing = thread::Builder::new().name("kafka-letters".to_owned());
        // Without a thread the client is closed here.
        drop(closing.spawn(move || drop(reader)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_named_after_the_store() {
        assert_eq!(group("shop.orders.billing.dlq"), "shop.orders.billing.dlq.redrive");
    }
}
