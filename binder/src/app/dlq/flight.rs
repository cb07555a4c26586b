//! Letters that were sent and are not confirmed.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::Arc;

use binder_core::logic::redrive::Left;
use binder_core::{
    Completed, Completion, Completions, Error, Message, Outbox, Outgoing, Publisher, Tag,
};
use futures::StreamExt;
use futures::channel::mpsc;

/// Letters on their way, and their bytes; one letter of any size alone. It bounds what is sent
/// twice when the process dies.
const WINDOW: usize = 256;
const WINDOW_BYTES: usize = 16 * 1024 * 1024;

/// Where a letter is sent.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// To one of the application's inputs, by index.
    Home(usize),
    /// To the end of the store, for this reason.
    Tail(Left),
}

/// A letter on its way.
#[derive(Debug)]
pub(super) struct Flying {
    /// Its place in the store.
    pub(super) tag: Tag,
    pub(super) way: Way,
    /// As it stands in the store.
    pub(super) letter: Message,
    /// As it is sent.
    pub(super) sent: Message,
}

impl Flying {
    fn size(&self) -> usize {
        self.sent.size()
    }
}

/// What became of a letter.
pub(super) enum Landed {
    Confirmed(Flying),
    /// It will never be taken.
    Refused(Flying, Error),
    /// It has to be sent again.
    Again(Error),
}

struct Reports(mpsc::UnboundedSender<(u64, Completed)>);

impl Completions for Reports {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        for report in batch.drain(..) {
            // Nobody listens any more once a redrive was given up.
            drop(self.0.unbounded_send(report));
        }
    }
}

pub(super) struct Flight {
    /// By token; tokens count up, so this is the order in which they were sent first.
    flying: BTreeMap<u64, Flying>,
    bytes: usize,
    next: u64,
    /// What was refused for now.
    again: BTreeSet<u64>,
    sink: Arc<Reports>,
    /// At most one for each letter on its way.
    reports: mpsc::UnboundedReceiver<(u64, Completed)>,
}

impl Flight {
    pub(super) fn new() -> Self {
        let (sender, reports) = mpsc::unbounded();
        Self {
            flying: BTreeMap::new(),
            bytes: 0,
            next: 0,
            again: BTreeSet::new(),
            sink: Arc::new(Reports(sender)),
            reports,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flying.is_empty()
    }

    /// How many letters are on their way home.
    pub(super) fn homeward(&self) -> usize {
        self.flying.values().filter(|flying| matches!(flying.way, Way::Home(_))).count()
    }

    /// Whether one more may be sent.
    pub(super) fn has_room(&self) -> bool {
        self.flying.len() < WINDOW && (self.bytes < WINDOW_BYTES || self.flying.is_empty())
    }

    /// Whether something has to be sent again first, so that it is not overtaken more than it is.
    pub(super) fn is_held_up(&self) -> bool {
        !self.again.is_empty()
    }

    /// Whether a report may still come.
    pub(super) fn is_up(&self) -> bool {
        self.flying.len() > self.again.len()
    }

    /// What has to be sent again, in order.
    pub(super) fn take_again(&mut self) -> Vec<Flying> {
        let again = std::mem::take(&mut self.again);
        let taken: Vec<_> = again.iter().filter_map(|token| self.flying.remove(token)).collect();
        self.bytes -= taken.iter().map(Flying::size).sum::<usize>();
        taken
    }

    /// Adds a letter to what has to be sent again.
    pub(super) fn put_again(&mut self, flying: Flying) {
        let token = self.add(flying);
        self.again.insert(token);
    }

    fn add(&mut self, flying: Flying) -> u64 {
        let token = self.next;
        self.next += 1;
        self.bytes += flying.size();
        self.flying.insert(token, flying);
        token
    }

    /// Hands a letter to a publisher; ready when it was taken. Given up before, the letter counts as
    /// one to be sent again.
    pub(super) async fn send(&mut self, publisher: &dyn Publisher, flying: Flying) {
        let message = flying.sent.clone();
        let completion = Completion::new(self.add(flying), self.sink.clone());
        let mut outbox = Outbox::from([Outgoing { message, completion }]);
        poll_fn(|cx| publisher.poll_publish(cx, &mut outbox)).await;
    }

    /// The next report; pending while there is none.
    pub(super) async fn land(&mut self) -> Landed {
        loop {
            // The sink keeps the channel open.
            let Some((token, what)) = self.reports.next().await else {
                return std::future::pending().await;
            };
            let error = match what {
                Completed::Confirmed(_) => match self.remove(token) {
                    Some(flying) => return Landed::Confirmed(flying),
                    None => continue,
                },
                Completed::Refused(error) if !error.is_transient() => match self.remove(token) {
                    Some(flying) => return Landed::Refused(flying, error),
                    None => continue,
                },
                Completed::Refused(error) | Completed::Unknown(error) => error,
                _ => continue,
            };
            if self.flying.contains_key(&token) {
                self.again.insert(token);
                return Landed::Again(error);
            }
        }
    }

    fn remove(&mut self, token: u64) -> Option<Flying> {
        let flying = self.flying.remove(&token)?;
        self.bytes -= flying.size();
        Some(flying)
    }
}
