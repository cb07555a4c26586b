//! A small client of the reading half, which watches the contract while it reads.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use binder_core::{Acker, BoundInput, Delivery, Incoming, Room, Settlement, Subscription, Tag};
use tokio::time::timeout;

use crate::contract::compare::{Failure, Verdict, ensure, listed, text, texts};

/// How long nothing must happen before it is believed that nothing will.
const QUIET: Duration = Duration::from_millis(300);

/// A bound input.
pub(crate) struct Reader {
    subscription: Box<dyn Subscription>,
    acker: Arc<dyn Acker>,
    assigned: bool,
    revoked: bool,
    patience: Duration,
}

/// Room for this many messages of any size.
pub(crate) fn room(messages: usize) -> Room {
    Room { messages, bytes: usize::MAX }
}

impl Reader {
    pub(crate) fn new(input: BoundInput, patience: Duration) -> Self {
        let BoundInput { subscription, acker } = input;
        Self { subscription, acker, assigned: false, revoked: false, patience }
    }

    /// Whether a partition was taken away from it since its group was last calm.
    pub(crate) fn was_revoked(&self) -> bool {
        self.revoked
    }

    /// Takes the next deliveries; an assignment or a revocation adds none.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Verdict> {
        let before = batch.len();
        let incoming = ready!(self.subscription.poll_next(cx, room, batch))?;
        let added = batch.len() - before;
        Poll::Ready(match incoming {
            Incoming::Deliveries => self.check(added, room),
            _ if added > 0 => Err(Failure::new(format!("{added} messages with {incoming:?}"))),
            Incoming::Assigned if self.assigned => Err(Failure::new("assigned twice")),
            Incoming::Assigned => {
                self.assigned = true;
                Ok(())
            }
            Incoming::Revoked(_) | Incoming::Lost(_) => {
                self.revoked = true;
                Ok(())
            }
            other => Err(Failure::new(format!("{other:?} is not in the contract"))),
        })
    }

    fn check(&self, added: usize, room: Room) -> Verdict {
        ensure(self.assigned, || "deliveries came before the assignment".into())?;
        ensure(added > 0, || "deliveries were announced and none came".into())?;
        ensure(added <= room.messages, || {
            format!("room for {} messages, {added} came", room.messages)
        })
    }

    /// Waits for one thing to happen, and gives the deliveries that it brought; `None` if nothing
    /// happens for as long as patience lasts.
    async fn hear(&mut self, room: Room) -> Verdict<Option<Vec<Delivery>>> {
        let mut batch = Vec::new();
        let patience = self.patience;
        match timeout(patience, poll_fn(|cx| self.poll(cx, room, &mut batch))).await {
            Ok(heard) => heard.map(|()| Some(batch)),
            Err(_) => Ok(None),
        }
    }

    /// The same, where something must happen.
    pub(crate) async fn next(&mut self, room: Room) -> Verdict<Vec<Delivery>> {
        let patience = self.patience;
        let heard = self.hear(room).await?;
        heard.ok_or_else(|| Failure::new(format!("nothing came for {patience:?}")))
    }

    /// Takes exactly this many messages.
    pub(crate) async fn take(&mut self, count: usize) -> Verdict<Vec<Delivery>> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let Some(batch) = self.hear(room(count - taken.len())).await? else {
                let (patience, came) = (self.patience, listed(&texts(&taken)));
                let text =
                    format!("{} of {count} came, then nothing for {patience:?}", taken.len());
                return Err(Failure::new(format!("{text}: [{came}]")));
            };
            taken.extend(batch);
        }
        Ok(taken)
    }

    /// Takes this many messages and acknowledges them as they come. Gives fewer when patience has
    /// run out, so that a comparison can say which are missing.
    pub(crate) async fn take_and_settle(&mut self, count: usize) -> Verdict<Vec<Delivery>> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let Some(batch) = self.hear(room((count - taken.len()).min(100))).await? else { break };
            self.settle(&batch);
            taken.extend(batch);
        }
        Ok(taken)
    }

    /// Takes messages up to the one with this text, which is not among those it gives.
    pub(crate) async fn take_until(&mut self, end: &str) -> Verdict<Vec<Delivery>> {
        let mut taken = Vec::new();
        loop {
            let batch = self.next(room(1)).await.map_err(|failure| {
                let before = listed(&texts(&taken));
                Failure::new(format!("{failure}: waited for `{end}`, before it came [{before}]"))
            })?;
            for delivery in batch {
                if text(&delivery.message) == end {
                    return Ok(taken);
                }
                taken.push(delivery);
            }
        }
    }

    /// What comes before it is quiet: the first batch, or nothing.
    pub(crate) async fn listen(&mut self, room: Room) -> Verdict<Vec<Delivery>> {
        let mut batch = Vec::new();
        let listening = async {
            while batch.is_empty() {
                poll_fn(|cx| self.poll(cx, room, &mut batch)).await?;
            }
            Verdict::Ok(())
        };
        let heard = timeout(QUIET, listening).await;
        heard.unwrap_or(Ok(())).map(|()| batch)
    }

    /// Fails if a message comes although it should not.
    pub(crate) async fn quiet(&mut self, why: &str) -> Verdict {
        let came = self.listen(room(1_000)).await?;
        ensure(came.is_empty(), || format!("{why}: {} came", listed(&texts(&came))))
    }

    pub(crate) fn settle<'a>(&self, deliveries: impl IntoIterator<Item = &'a Delivery>) {
        self.tell(deliveries, Settlement::Ack);
    }

    pub(crate) fn release<'a>(&self, deliveries: impl IntoIterator<Item = &'a Delivery>) {
        self.tell(deliveries, Settlement::Release);
    }

    fn tell<'a>(&self, of: impl IntoIterator<Item = &'a Delivery>, settlement: Settlement) {
        let batch: Vec<(Tag, _)> = of.into_iter().map(|d| (d.tag, settlement)).collect();
        self.acker.settle(&batch);
    }

    /// The half that settles, to use after the subscription is gone.
    pub(crate) fn acker(&self) -> Arc<dyn Acker> {
        self.acker.clone()
    }

    /// Leaves the group and drops both halves.
    pub(crate) async fn close(mut self) -> Verdict {
        let patience = self.patience;
        let closed = timeout(patience, poll_fn(|cx| self.subscription.poll_close(cx))).await;
        let closed = closed.map_err(|_| format!("closing took longer than {patience:?}"));
        Ok(closed.map_err(Failure::new)??)
    }

    /// Drops both halves without closing, the settling half first if it is said.
    pub(crate) fn abandon(self, acker_first: bool) {
        let Self { subscription, acker, .. } = self;
        if acker_first {
            drop(acker);
            drop(subscription);
        } else {
            drop(subscription);
            drop(acker);
        }
    }
}

/// Waits until every reader has heard its first assignment.
pub(crate) async fn first_assignment(readers: &mut [Reader], patience: Duration) -> Verdict {
    let assigning = async {
        while !readers.iter().all(|reader| reader.assigned) {
            any(readers, room(0), &mut Vec::new()).await?;
        }
        Verdict::Ok(())
    };
    let late = |_| Failure::new(format!("no assignment came for {patience:?}"));
    timeout(patience, assigning).await.map_err(late)?
}

/// Waits until the first of the readers has heard that something is taken away from it.
pub(super) async fn first_revocation(readers: &mut [Reader], patience: Duration) -> Verdict {
    let revoking = async {
        while readers.first().is_some_and(|reader| !reader.revoked) {
            any(readers, room(0), &mut Vec::new()).await?;
        }
        Verdict::Ok(())
    };
    let late = |_| Failure::new(format!("nothing was taken from the first for {patience:?}"));
    timeout(patience, revoking).await.map_err(late)?
}

/// Lets every reader hear what a change of the group's members means for it, until it is quiet,
/// and forgets what was taken away from them.
pub(crate) async fn calm(readers: &mut [Reader]) -> Verdict {
    while let Ok(heard) = timeout(QUIET, any(readers, room(0), &mut Vec::new())).await {
        heard?;
    }
    readers.iter_mut().for_each(|reader| reader.revoked = false);
    Ok(())
}

/// Takes and acknowledges on all readers at once until together they have `count` different
/// messages; gives what each had.
pub(crate) async fn share(readers: &mut [Reader], count: usize) -> Verdict<Vec<Vec<Delivery>>> {
    let Some(patience) = readers.first().map(|reader| reader.patience) else {
        return Ok(Vec::new());
    };
    let mut shares: Vec<Vec<Delivery>> = readers.iter().map(|_| Vec::new()).collect();
    let mut seen = BTreeSet::new();
    while seen.len() < count {
        let mut batch = Vec::new();
        let next = timeout(patience, any(readers, room(10), &mut batch)).await;
        let late = |_| format!("nothing came for {patience:?}: {} of {count} came", seen.len());
        let who = next.map_err(late).map_err(Failure::new)??;
        readers[who].settle(&batch);
        seen.extend(texts(&batch));
        shares[who].append(&mut batch);
    }
    Ok(shares)
}

/// Waits until one of the readers hears something, and says which.
async fn any(readers: &mut [Reader], room: Room, batch: &mut Vec<Delivery>) -> Verdict<usize> {
    poll_fn(|cx| {
        for (who, reader) in readers.iter_mut().enumerate() {
            if let Poll::Ready(heard) = reader.poll(cx, room, batch) {
                return Poll::Ready(heard.map(|()| who));
            }
        }
        Poll::Pending
    })
    .await
}
