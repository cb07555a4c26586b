//! The dead letters of this process, read back: what the group `dlq` has not settled.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;

use binder_core::logic::dead_letter;
use binder_core::logic::watermark::Watermark;
use binder_core::{
    BoxFuture, ConsumerSpec, DeadLetterSpec, DeadLetterStore, Delivery, Error, ErrorKind, Group,
    Letters, Message, ProducerSpec, Publisher, Result, Room, Tag, Unrouted,
};

use crate::binder::MemoryBinder;
use crate::limits;
use crate::provision::located;
use crate::topic::Topic;

/// What one group had not settled when it was opened.
struct MemoryLetters {
    topic: Arc<Topic>,
    group: Group,
    partitions: Vec<Unread>,
    held: u64,
    settled: BTreeMap<u32, Watermark>,
}

/// What is left to read of one partition.
struct Unread {
    next: u64,
    end: u64,
}

impl MemoryBinder {
    fn open(&self, spec: &DeadLetterSpec) -> Result<Option<Box<dyn Letters>>> {
        let Some(topic) = self.topic(&spec.destination) else { return Ok(None) };
        let group = Group::new(limits::DEAD_LETTER_GROUP)?;
        let (unsettled, is_read) = topic.with(|state, _| {
            let is_read = state.group(&group).is_some_and(|group| group.is_read());
            (state.unsettled(&group), is_read)
        });
        if is_read {
            let why =
                format!("an input reads it as group `{group}`, so its dead letters are taken");
            return Err(
                Error::new(ErrorKind::Topology, why).with_hint("give that input another `group`")
            );
        }
        let Some(unsettled) = unsettled else { return Ok(None) };
        let held = unsettled.iter().map(|(from, to)| to - from).sum();
        let partitions = unsettled.into_iter().map(|(next, end)| Unread { next, end }).collect();
        Ok(Some(Box::new(MemoryLetters {
            topic,
            group,
            partitions,
            held,
            settled: BTreeMap::new(),
        })))
    }
}

impl DeadLetterStore for MemoryBinder {
    fn open<'a>(
        &'a self,
        spec: &'a DeadLetterSpec,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Letters>>>> {
        let opened = self.open(spec);
        Box::pin(ready(opened.map_err(|error| located(error, None, &spec.destination))))
    }

    fn bind_group<'a>(
        &'a self,
        input: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        // The destination is taken as it is: it is the input's to say how many partitions there are.
        let spec = ProducerSpec {
            grow: false,
            binding: input.binding.clone(),
            destination: input.destination.clone(),
            partition_count: None,
            required_groups: input.group.iter().cloned().collect(),
            unrouted: Unrouted::Fail,
            connect: input.connect,
            native: Default::default(),
        };
        let bound = self.bind_output(&spec);
        let place = |error| located(error, Some(&input.binding), &input.destination);
        Box::pin(ready(bound.map_err(place)))
    }
}

impl MemoryLetters {
    /// The oldest letter that was not read, over all partitions.
    fn read(&mut self) -> Option<Delivery> {
        let Self { topic, partitions, .. } = self;
        let (partition, message) = topic.with(|state, _| {
            let heads = partitions.iter_mut().zip(0..).filter_map(|(unread, partition)| {
                while unread.next < unread.end {
                    match state.message(partition, unread.next) {
                        Some(message) => return Some((partition, message)),
                        None => unread.next += 1,
                    }
                }
                None
            });
            let oldest = heads.min_by_key(|(_, message)| failed_at(message));
            oldest.map(|(partition, message)| (partition, message.clone()))
        })?;
        let unread = partitions.get_mut(partition as usize)?;
        let sequence = unread.next;
        unread.next += 1;
        self.settled.entry(partition).or_default().deliver(sequence);
        let tag = Tag { epoch: 0, partition, sequence };
        Some(Delivery { message, tag, earlier_attempts: 0 })
    }

    fn record(&mut self, letters: &[Tag]) {
        for tag in letters {
            if let Some(watermark) = self.settled.get_mut(&tag.partition) {
                watermark.settle(tag.sequence);
            }
        }
        for (partition, watermark) in &mut self.settled {
            if let Some(position) = watermark.committable() {
                self.topic.with(|state, wakes| {
                    state.advance(&self.group, *partition, position, wakes);
                });
            }
        }
    }
}

/// When it failed; letters that do not say come first, which keeps their order in a partition.
fn failed_at(message: &Message) -> i64 {
    let at = message.headers.text(dead_letter::AT).and_then(|text| text.parse().ok());
    at.or(message.timestamp).unwrap_or(0)
}

impl Letters for MemoryLetters {
    fn next(&mut self, room: Room) -> BoxFuture<'_, Result<Vec<Delivery>>> {
        let (mut letters, mut bytes) = (Vec::new(), 0);
        while letters.len() < room.messages && bytes < room.bytes.max(1) {
            let Some(letter) = self.read() else { break };
            bytes += letter.message.size();
            letters.push(letter);
        }
        Box::pin(ready(Ok(letters)))
    }

    fn settle<'a>(&'a mut self, letters: &'a [Tag]) -> BoxFuture<'a, Result<()>> {
        self.record(letters);
        Box::pin(ready(Ok(())))
    }

    fn held(&self) -> u64 {
        self.held
    }
}
