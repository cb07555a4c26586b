//! The contract of a binder, kept by the model for one process.

use std::sync::Arc;
use std::task::{Context, Poll};

use binder_core::{
    Acker, Binder, BoundInput, BoxFuture, Capabilities, ConsumerSpec, Delivery, Error, ErrorKind,
    Incoming, Outbox, ProducerSpec, Publisher, Result, Room, Settlement, Subscription, Tag,
};

use crate::world::World;

/// One process's connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) world: Arc<World>,
    pub(crate) process: usize,
}

impl Binder for Connection {
    fn bind_consumer<'a>(&'a self, _: &'a ConsumerSpec) -> BoxFuture<'a, Result<BoundInput>> {
        self.world.with(|state, after| state.join(self.process, after));
        let bound = BoundInput {
            subscription: Box::new(Reading { connection: self.clone() }),
            acker: Arc::new(self.clone()),
        };
        Box::pin(std::future::ready(Ok(bound)))
    }

    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, Result<Arc<dyn Publisher>>> {
        let bound =
            self.world.with(|state, _| state.outlet(self.process, spec.destination.as_str()));
        let bound = bound.map(|outlet| {
            Arc::new(Writing { world: self.world.clone(), outlet }) as Arc<dyn Publisher>
        });
        let bound = bound.ok_or_else(|| Error::new(ErrorKind::Topology, "no such destination"));
        Box::pin(std::future::ready(bound))
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.durable = true;
        capabilities.shared = true;
        capabilities.partitions = true;
        capabilities.log = true;
        capabilities
    }
}

impl Acker for Connection {
    fn settle(&self, batch: &[(Tag, Settlement)]) {
        self.world.with(|state, after| state.settle(self.process, batch, after));
    }
}

struct Reading {
    connection: Connection,
}

impl Subscription for Reading {
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<Result<Incoming>> {
        let Connection { world, process } = &self.connection;
        let heard = world.with(|state, after| state.poll(*process, room, batch, cx.waker(), after));
        heard.map_or(Poll::Pending, |incoming| Poll::Ready(Ok(incoming)))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        let Connection { world, process } = &self.connection;
        world.with(|state, after| {
            let alive = state.members[*process].alive;
            state.leave(*process, after);
            if alive { Poll::Ready(Ok(())) } else { Poll::Pending }
        })
    }
}

struct Writing {
    world: Arc<World>,
    outlet: usize,
}

impl Publisher for Writing {
    fn poll_publish(&self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<()> {
        self.world.with(|state, after| state.publish(self.outlet, outbox, cx, after))
    }

    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.world.with(|state, _| state.flush(self.outlet, cx))
    }
}
