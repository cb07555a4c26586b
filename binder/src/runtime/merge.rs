//! Several bound inputs as one.
//!
//! Only inputs with several sources have this between them and their binder. What the numbers of
//! partitions become is [`Sources`]' answer.

use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::binder::Partition;
use binder_core::logic::sources::Sources;
use binder_core::{
    Acker, BoundInput, Delivery, Destination, Error, ErrorKind, Incoming, Result, Room, Settlement,
    Subscription, Tag,
};

/// One input of several, whose places among the sources are those in the list; the same input if
/// there is only one.
///
/// # Errors
///
/// When there is none.
pub(crate) fn merge(mut bound: Vec<(Destination, BoundInput)>) -> Result<BoundInput> {
    let sources = Sources::new(bound.len());
    if bound.len() < 2 {
        let only = bound.pop().map(|(_, input)| input);
        return only.ok_or_else(|| Error::new(ErrorKind::Config, "an input that reads nothing"));
    }
    let mut parts = Vec::with_capacity(bound.len());
    let mut ackers = Vec::with_capacity(bound.len());
    for (destination, BoundInput { subscription, acker }) in bound {
        parts.push(Part { destination, subscription, assigned: false, closed: false });
        ackers.push(acker);
    }
    let unassigned = parts.len();
    let subscription = MergedSubscription { parts, sources, unassigned, turn: 0, failure: None };
    Ok(BoundInput {
        subscription: Box::new(subscription),
        acker: Arc::new(MergedAcker { ackers, sources }),
    })
}

struct Part {
    destination: Destination,
    subscription: Box<dyn Subscription>,
    assigned: bool,
    closed: bool,
}

struct MergedSubscription {
    parts: Vec<Part>,
    sources: Sources,
    /// How many parts wait for their first assignment.
    unassigned: usize,
    /// Which part is asked first: the one behind the last that had something.
    turn: usize,
    /// Why a part did not close well.
    failure: Option<Error>,
}

impl MergedSubscription {
    /// Asks one part until it has something for the runtime, or nothing.
    fn poll_part(
        &mut self,
        at: usize,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Result<Incoming>> {
        let before = batch.len();
        loop {
            let part = &mut self.parts[at];
            let incoming = match std::task::ready!(part.subscription.poll_next(cx, room, batch)) {
                Ok(incoming) => incoming,
                Err(error) => {
                    return Poll::Ready(Err(error.at_destination(part.destination.as_str())));
                }
            };
            return Poll::Ready(match incoming {
                Incoming::Assigned if !part.assigned => {
                    part.assigned = true;
                    self.unassigned -= 1;
                    if self.unassigned > 0 {
                        continue;
                    }
                    Ok(Incoming::Assigned)
                }
                Incoming::Deliveries => self.renumber(at, batch, before),
                Incoming::Revoked(gone) => Ok(Incoming::Revoked(self.joined(at, gone))),
                Incoming::Lost(gone) => Ok(Incoming::Lost(self.joined(at, gone))),
                other => Ok(other),
            });
        }
    }

    /// The partitions of a part by the numbers of the whole.
    fn joined(&self, at: usize, partitions: Vec<Partition>) -> Vec<Partition> {
        let joined = partitions.into_iter().filter_map(|of| {
            let partition = self.sources.join(at, of.partition)?;
            Some(Partition { partition, ..of })
        });
        joined.collect()
    }

    /// Gives what a part has delivered the numbers of the whole.
    fn renumber(&self, at: usize, batch: &mut Vec<Delivery>, before: usize) -> Result<Incoming> {
        for delivery in &mut batch[before..] {
            let own = delivery.tag.partition;
            let Some(partition) = self.sources.join(at, own) else {
                // What is dropped here stays the broker's to deliver again.
                batch.truncate(before);
                let why = format!(
                    "partition {own} is beyond what an input of {} destinations can number",
                    self.sources.count()
                );
                let error = Error::new(ErrorKind::Broker, why);
                return Err(error.at_destination(self.parts[at].destination.as_str()));
            };
            delivery.tag.partition = partition;
        }
        Ok(Incoming::Deliveries)
    }
}

impl Subscription for MergedSubscription {
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Result<Incoming>> {
        let (count, first) = (self.parts.len(), self.turn);
        for at in (0..count).map(|step| (first + step) % count) {
            // Nothing is delivered before the whole is assigned, which the last part may just be.
            let room = if self.unassigned > 0 { Room { messages: 0, ..room } } else { room };
            let incoming = self.poll_part(at, cx, room, batch);
            if incoming.is_ready() {
                self.turn = (at + 1) % count;
                return incoming;
            }
        }
        Poll::Pending
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        for part in self.parts.iter_mut().filter(|part| !part.closed) {
            if let Poll::Ready(closed) = part.subscription.poll_close(cx) {
                part.closed = true;
                if let Err(error) = closed {
                    let error = error.at_destination(part.destination.as_str());
                    self.failure.get_or_insert(error);
                }
            }
        }
        if self.parts.iter().any(|part| !part.closed) {
            return Poll::Pending;
        }
        Poll::Ready(self.failure.take().map_or(Ok(()), Err))
    }
}

struct MergedAcker {
    ackers: Vec<Arc<dyn Acker>>,
    sources: Sources,
}

impl Acker for MergedAcker {
    fn settle(&self, batch: &[(Tag, Settlement)]) {
        let mut own = Vec::with_capacity(batch.len());
        for (at, acker) in self.ackers.iter().enumerate() {
            own.extend(batch.iter().filter_map(|(tag, settlement)| {
                let (source, partition) = self.sources.split(tag.partition);
                (source == at).then_some((Tag { partition, ..*tag }, *settlement))
            }));
            if !own.is_empty() {
                acker.settle(&own);
                own.clear();
            }
        }
    }
}
