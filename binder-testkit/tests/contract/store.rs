//! The dead-letter stores of the loopback binder.

use std::future::ready;
use std::sync::Arc;

use binder_core::{
    Binder, BoxFuture, ConsumerSpec, DeadLetterSpec, DeadLetterStore, Delivery, Letters,
    ProducerSpec, Publisher, Result, Room, Start, Tag, Unrouted,
};

use crate::fault::Fault;
use crate::loopback::Loopback;

/// The group that keeps what nobody has read.
pub(crate) const GROUP: &str = "store";

struct LoopbackLetters {
    binder: Loopback,
    topic: String,
    left: Vec<Delivery>,
    held: u64,
    /// Where the next letter of each partition stands, for the fault that goes on reading.
    read: Vec<u64>,
}

impl DeadLetterStore for Loopback {
    fn open<'a>(
        &'a self,
        spec: &'a DeadLetterSpec,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Letters>>>> {
        let topic = spec.destination.to_string();
        let absent = self.with(|broker| {
            broker.topics.get(&topic).is_none_or(|topic| !topic.groups.contains_key(GROUP))
        });
        if absent {
            if self.fixture.fault == Fault::LookingMakesAStore {
                self.ensure_group(&topic, GROUP, Start::Earliest);
            }
            return Box::pin(ready(Ok(None)));
        }
        let mut letters = LoopbackLetters {
            binder: self.clone(),
            topic,
            left: Vec::new(),
            held: 0,
            read: Vec::new(),
        };
        letters.look();
        letters.held = letters.left.len() as u64;
        let letters: Box<dyn Letters> = Box::new(letters);
        Box::pin(ready(Ok(Some(letters))))
    }

    fn bind_group<'a>(
        &'a self,
        input: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        Box::pin(async move {
            let mut destination = input.destination.clone();
            if self.fixture.fault == Fault::ReachesNobody {
                destination = binder_core::Destination::new("nobody")?;
            }
            let spec = ProducerSpec {
                grow: false,
                binding: input.binding.clone(),
                destination,
                partition_count: None,
                required_groups: Vec::new(),
                unrouted: Unrouted::Drop,
                connect: input.connect,
                native: Default::default(),
            };
            self.bind_producer(&spec).await
        })
    }
}

impl LoopbackLetters {
    fn look(&mut self) {
        let Self { binder, topic, read, .. } = self;
        self.left = binder.with(|broker| {
            broker.topics.get(topic).map_or_else(Vec::new, |topic| topic.unsettled(GROUP, read))
        });
    }
}

impl Letters for LoopbackLetters {
    fn next(&mut self, room: Room) -> BoxFuture<'_, Result<Vec<Delivery>>> {
        let fault = self.binder.fixture.fault;
        if self.left.is_empty() && fault == Fault::StoreHasNoEnd {
            self.look();
        }
        let next: Vec<_> = self.left.drain(..room.messages.min(self.left.len())).collect();
        for letter in &next {
            let partition = letter.tag.partition as usize;
            self.read.resize(self.read.len().max(partition + 1), 0);
            self.read[partition] = letter.tag.sequence + 1;
        }
        if fault == Fault::LookingSettles {
            let tags: Vec<_> = next.iter().map(|letter| letter.tag).collect();
            self.binder.with(|broker| {
                broker.topics.entry(self.topic.clone()).or_default().settle(GROUP, fault, &tags);
            });
        }
        Box::pin(ready(Ok(next)))
    }

    fn settle<'a>(&'a mut self, letters: &'a [Tag]) -> BoxFuture<'a, Result<()>> {
        let fault = self.binder.fixture.fault;
        self.binder.with(|broker| {
            broker.topics.entry(self.topic.clone()).or_default().settle(GROUP, fault, letters);
        });
        Box::pin(ready(Ok(())))
    }

    fn held(&self) -> u64 {
        self.held
    }

    fn keeps_places(&self) -> bool {
        true
    }
}
