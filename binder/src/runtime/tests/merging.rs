//! Several bound inputs as one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use binder_core::binder::Partition;
use binder_core::message as wire;
use binder_core::{
    Acker, Binder, BindingName, BoundInput, ConsumerSpec, Delivery, Destination, Error, ErrorKind,
    Group, Incoming, Limit, Result, Room, Settlement, Start, Subscription,
};
use binder_testkit::script::{ScriptedBinder, ScriptedInput};
use futures::task::noop_waker_ref;

use crate::runtime::merge::merge;

const ROOM: Room = Room { messages: 1_000, bytes: 1 << 20 };

/// One input of three destinations, with two partitions each.
struct Rig {
    inputs: Vec<ScriptedInput>,
    subscription: Box<dyn Subscription>,
    acker: Arc<dyn Acker>,
}

impl Rig {
    async fn new(binder: &ScriptedBinder) -> Self {
        let (mut inputs, mut bound) = (Vec::new(), Vec::new());
        for name in ["a", "b", "c"] {
            inputs.push(binder.input(name).partitions(2).max_batch(10));
            let destination = Destination::new(name).unwrap();
            let spec = ConsumerSpec {
                grow: false,
                instance: binder_core::Instance::default(),
                binding: BindingName::new("in").unwrap(),
                destination: destination.clone(),
                group: Some(Group::new("group").unwrap()),
                start: Start::Earliest,
                partition_count: None,
                max_in_flight: Some(Limit { messages: 1_000, bytes: 1 << 20 }),
                drain: Duration::from_secs(1),
                connect: Duration::from_secs(1),
                native: Default::default(),
            };
            bound.push((destination, binder.bind_consumer(&spec).await.unwrap()));
        }
        let BoundInput { subscription, acker } = merge(bound).unwrap();
        Self { inputs, subscription, acker }
    }

    fn poll(&mut self, batch: &mut Vec<Delivery>) -> Poll<Result<Incoming>> {
        self.subscription.poll_next(&mut Context::from_waker(noop_waker_ref()), ROOM, batch)
    }

    fn close(&mut self) -> Poll<Result<()>> {
        self.subscription.poll_close(&mut Context::from_waker(noop_waker_ref()))
    }

    /// Everything that comes without waiting.
    fn all(&mut self) -> Vec<Delivery> {
        let mut batch = Vec::new();
        while let Poll::Ready(incoming) = self.poll(&mut batch) {
            assert!(matches!(incoming.unwrap(), Incoming::Deliveries | Incoming::Assigned));
        }
        batch
    }
}

fn messages(count: usize) -> impl Iterator<Item = wire::Message> {
    (0..count).map(|id| wire::Message::new(id.to_string()))
}

#[tokio::test]
async fn assigned_comes_once_when_all_parts_have_it_and_nothing_before() {
    let binder = ScriptedBinder::new();
    let late = binder.input("b").assigned_late();
    let mut rig = Rig::new(&binder).await;
    rig.inputs[0].push(messages(1));
    let mut batch = Vec::new();
    assert!(rig.poll(&mut batch).is_pending() && batch.is_empty());
    late.assign();
    assert!(matches!(rig.poll(&mut batch), Poll::Ready(Ok(Incoming::Assigned))));
    assert!(batch.is_empty());
    assert!(matches!(rig.poll(&mut batch), Poll::Ready(Ok(Incoming::Deliveries))));
    assert!(rig.poll(&mut batch).is_pending() && batch.len() == 1);
}

#[tokio::test]
async fn a_part_with_much_does_not_starve_the_others() {
    let mut rig = Rig::new(&ScriptedBinder::new()).await;
    rig.inputs[0].push(messages(1_000));
    rig.inputs[1].push(messages(1));
    rig.inputs[2].push(messages(1));
    let mut batch = Vec::new();
    for _ in 0..4 {
        assert!(rig.poll(&mut batch).is_ready());
    }
    assert_eq!(batch.len(), 12, "ten of the first, then one of each of the others");
}

#[tokio::test]
async fn partitions_stay_apart_and_settlements_find_their_part() {
    let mut rig = Rig::new(&ScriptedBinder::new()).await;
    rig.inputs.iter().for_each(|input| input.push(messages(4)));
    let came = rig.all();
    let partitions: BTreeSet<_> = came.iter().map(|delivery| delivery.tag.partition).collect();
    assert_eq!((came.len(), partitions.len()), (12, 6));
    let settle = |which: &dyn Fn(usize) -> bool| {
        let some = came.iter().enumerate().filter(|(at, _)| which(*at));
        some.map(|(_, delivery)| (delivery.tag, Settlement::Ack)).collect::<Vec<_>>()
    };
    rig.acker.settle(&settle(&|at| at % 2 == 0));
    rig.acker.settle(&settle(&|at| at % 2 == 1));
    for input in &rig.inputs {
        assert_eq!((input.settled(), input.late()), (4, 0));
        assert_eq!([0, 1].map(|partition| input.committed(partition)), [2, 2]);
    }
}

#[tokio::test]
async fn what_is_revoked_has_the_numbers_of_the_whole() {
    let mut rig = Rig::new(&ScriptedBinder::new()).await;
    rig.inputs.iter().for_each(|input| input.push(messages(2)));
    let came = rig.all();
    rig.inputs[1].revoke(0);
    let Poll::Ready(Ok(Incoming::Revoked(gone))) = rig.poll(&mut Vec::new()) else {
        panic!("nothing was revoked")
    };
    let of = |delivery: &Delivery| Partition {
        epoch: delivery.tag.epoch,
        partition: delivery.tag.partition,
    };
    let concerned: Vec<_> = came.iter().filter(|delivery| gone.contains(&of(delivery))).collect();
    assert_eq!((gone.len(), concerned.len()), (1, 1));
    rig.acker.settle(&[(concerned[0].tag, Settlement::Release)]);
    assert_eq!([0, 1, 2].map(|at: usize| rig.inputs[at].settled()), [0, 1, 0]);
}

#[tokio::test]
async fn the_error_of_a_part_names_its_destination_and_all_parts_are_closed() {
    let mut rig = Rig::new(&ScriptedBinder::new()).await;
    drop(rig.all());
    rig.inputs[1].fail(Error::new(ErrorKind::Broker, "gone"));
    let Poll::Ready(Err(error)) = rig.poll(&mut Vec::new()) else { panic!("no error") };
    assert!(error.to_string().contains("destination `b`"), "{error}");
    rig.inputs[2].stall_close(true);
    assert!(rig.close().is_pending());
    rig.inputs[2].stall_close(false);
    assert!(rig.close().is_ready());
    assert_eq!([0, 1, 2].map(|at: usize| rig.inputs[at].closed()), [true; 3]);
}
