//! The reading half: what is delivered, and what is settled.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use binder_core::{Acker, Delivery, Incoming, Result, Room, Settlement, Subscription, Tag};

use crate::runtime::tap::log::Log;
use crate::runtime::tap::watch::Watch;

pub(super) struct TappedSubscription {
    pub(super) subscription: Box<dyn Subscription>,
    pub(super) log: Arc<Log>,
    pub(super) destination: String,
    pub(super) watch: Option<Arc<Watch>>,
}

impl Subscription for TappedSubscription {
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Result<Incoming>> {
        self.log.asked(&self.destination, room);
        let before = batch.len();
        let incoming = ready!(self.subscription.poll_next(cx, room, batch));
        self.log.delivered(&self.destination, &batch[before..]);
        if let Some(watch) = &self.watch {
            watch.delivered(&batch[before..]);
        }
        Poll::Ready(incoming)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.subscription.poll_close(cx)
    }
}

pub(super) struct TappedAcker {
    pub(super) acker: Arc<dyn Acker>,
    pub(super) log: Arc<Log>,
    pub(super) destination: String,
    pub(super) watch: Option<Arc<Watch>>,
}

impl Acker for TappedAcker {
    fn settle(&self, batch: &[(Tag, Settlement)]) {
        self.log.settled(&self.destination, batch);
        if let Some(watch) = &self.watch {
            watch.settled(batch);
        }
        self.acker.settle(batch);
    }
}
