//! The scripted binder does what its handles say.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use binder_core::publish::Completions;
use binder_core::{
    Binder, BindingName, BoundInput, Completed, Completion, ConsumerSpec, Delivery, Destination,
    Error, ErrorKind, Group, Incoming, Limit, Message, Outbox, Outgoing, ProducerSpec, Publisher,
    Room, Settlement, Start, Tag, Topology, Unrouted,
};
use binder_testkit::script::{ScriptEvent, ScriptedBinder, ScriptedInput};

const ROOM: Room = Room { messages: 1_000, bytes: usize::MAX };

fn consumer(destination: &str, group: &str, in_flight: usize) -> ConsumerSpec {
    ConsumerSpec {
        binding: BindingName::new("in").unwrap(),
        destination: Destination::new(destination).unwrap(),
        group: Some(Group::new(group).unwrap()),
        start: Start::Earliest,
        partition_count: None,
        grow: false,
        instance: Default::default(),
        max_in_flight: Some(Limit { messages: in_flight, bytes: 1 << 20 }),
        drain: Duration::from_secs(1),
        connect: Duration::from_secs(1),
        native: Default::default(),
    }
}

fn producer(destination: &str) -> ProducerSpec {
    ProducerSpec {
        binding: BindingName::new("out").unwrap(),
        destination: Destination::new(destination).unwrap(),
        partition_count: None,
        grow: false,
        required_groups: Vec::new(),
        unrouted: Unrouted::Fail,
        connect: Duration::from_secs(1),
        native: Default::default(),
    }
}

fn numbered(i: usize) -> Message {
    Message::new(i.to_string())
}

async fn next(input: &mut BoundInput, room: Room) -> (Incoming, Vec<Delivery>) {
    let mut batch = Vec::new();
    let incoming = poll_fn(|cx| input.subscription.poll_next(cx, room, &mut batch)).await.unwrap();
    (incoming, batch)
}

async fn pending(input: &mut BoundInput, room: Room) -> bool {
    let mut batch = Vec::new();
    poll_fn(|cx| Poll::Ready(input.subscription.poll_next(cx, room, &mut batch).is_pending())).await
}

async fn bound(binder: &ScriptedBinder, in_flight: usize) -> (ScriptedInput, BoundInput) {
    let handle = binder.input("orders");
    let mut input = binder.bind_consumer(&consumer("orders", "g", in_flight)).await.unwrap();
    assert_eq!(next(&mut input, ROOM).await.0, Incoming::Assigned);
    (handle, input)
}

fn settle(input: &BoundInput, tags: impl IntoIterator<Item = Tag>, settlement: Settlement) {
    let batch: Vec<_> = tags.into_iter().map(|tag| (tag, settlement)).collect();
    input.acker.settle(&batch);
}

fn tags(batch: &[Delivery]) -> Vec<(u32, u32, u64)> {
    batch.iter().map(|d| (d.tag.epoch, d.tag.partition, d.tag.sequence)).collect()
}

/// Keeps every report.
#[derive(Default)]
struct Reported(Mutex<Vec<(u64, Completed)>>);

impl Completions for Reported {
    fn complete(&self, batch: &mut Vec<(u64, Completed)>) {
        self.0.lock().unwrap().append(batch);
    }
}

impl Reported {
    fn names(&self) -> Vec<(u64, &'static str)> {
        let name = |what: &Completed| match what {
            Completed::Confirmed(_) => "confirmed",
            Completed::Refused(error) if error.is_transient() => "refused, transient",
            Completed::Refused(_) => "refused",
            _ => "unknown",
        };
        self.0.lock().unwrap().iter().map(|(token, what)| (*token, name(what))).collect()
    }

    fn outbox(self: &Arc<Self>, tokens: std::ops::Range<u64>) -> Outbox {
        let outgoing = |token: u64| Outgoing {
            message: Message::new(token.to_string()),
            completion: Completion::new(token, self.clone()),
        };
        tokens.map(outgoing).collect()
    }
}

async fn publish(publisher: &dyn Publisher, outbox: &mut Outbox) {
    poll_fn(|cx| publisher.poll_publish(cx, outbox)).await;
}

async fn stuck(publisher: &dyn Publisher, outbox: &mut Outbox) -> bool {
    poll_fn(|cx| Poll::Ready(publisher.poll_publish(cx, outbox).is_pending())).await
}

#[tokio::test]
async fn deliveries_keep_to_room_batch_and_limit() {
    let binder = ScriptedBinder::new();
    let handle = binder.input("orders").partitions(2).max_batch(6);
    handle.preload(20, numbered);
    let (handle, mut input) = (handle, bound(&binder, 8).await.1);

    assert!(pending(&mut input, Room { messages: 0, bytes: 0 }).await, "no room asks for nothing");
    let (_, first) = next(&mut input, Room { messages: 3, bytes: usize::MAX }).await;
    assert_eq!(tags(&first), [(1, 0, 0), (1, 1, 0), (1, 0, 1)]);
    let (_, one) = next(&mut input, Room { messages: 9, bytes: 0 }).await;
    assert_eq!(one.len(), 1, "one message may exceed the bytes");
    assert_eq!(next(&mut input, ROOM).await.1.len(), 4, "the limit of 8 in flight");
    assert!(pending(&mut input, ROOM).await);

    settle(&input, [first[2].tag, first[0].tag], Settlement::Ack);
    assert_eq!((handle.settled(), handle.unsettled(), handle.max_unsettled()), (2, 6, 8));
    assert_eq!((handle.committed(0), handle.committed(1)), (2, 0));
    assert_eq!(next(&mut input, ROOM).await.1.len(), 2);
    assert_eq!(handle.calls_with_deliveries(), 4);
    settle(&input, [first[0].tag], Settlement::Ack);
    assert_eq!(handle.late(), 1, "twice is late");
}

#[tokio::test]
async fn released_and_unsettled_messages_come_again_in_order() {
    let binder = ScriptedBinder::new();
    binder.input("orders").push((0..4).map(numbered));
    let (handle, mut input) = bound(&binder, 100).await;
    let (_, batch) = next(&mut input, Room { messages: 3, ..ROOM }).await;
    settle(&input, [batch[1].tag, batch[0].tag], Settlement::Release);
    let (_, again) = next(&mut input, ROOM).await;
    assert_eq!(tags(&again), [(1, 0, 0), (1, 0, 1), (1, 0, 3)]);
    settle(&input, [again[1].tag], Settlement::Ack);

    poll_fn(|cx| input.subscription.poll_close(cx)).await.unwrap();
    assert!(handle.closed());
    settle(&input, [again[0].tag], Settlement::Ack);
    assert_eq!((handle.settled(), handle.late()), (3, 1), "after closing is late");
    drop(input);

    let (_, mut input) = bound(&binder, 100).await;
    let (_, batch) = next(&mut input, ROOM).await;
    assert_eq!(tags(&batch), [(2, 0, 0), (2, 0, 2), (2, 0, 3)]);
}

#[tokio::test]
async fn a_revoked_partition_comes_back_in_a_new_epoch() {
    let binder = ScriptedBinder::new();
    binder.input("orders").partitions(2).push((0..6).map(numbered));
    let (handle, mut input) = bound(&binder, 100).await;
    let (_, batch) = next(&mut input, Room { messages: 4, ..ROOM }).await;
    handle.revoke(1);
    let (incoming, _) = next(&mut input, Room { messages: 0, bytes: 0 }).await;
    assert!(matches!(incoming, Incoming::Revoked(p) if p.len() == 1 && p[0].partition == 1));
    settle(&input, [batch[1].tag], Settlement::Ack);
    assert_eq!(handle.committed(1), 1, "the drain of a revoked partition is heard");
    assert_eq!(tags(&next(&mut input, ROOM).await.1), [(1, 0, 2)]);

    handle.give_back(1);
    settle(&input, [batch[3].tag], Settlement::Ack);
    assert_eq!((handle.committed(1), handle.late()), (1, 1));
    assert_eq!(tags(&next(&mut input, ROOM).await.1), [(2, 1, 1), (2, 1, 2)]);
}

#[tokio::test]
async fn assignment_failure_and_settlements_wake_who_waits() {
    let binder = ScriptedBinder::new();
    let handle = binder.input("orders").assigned_late();
    handle.push([numbered(0)]);
    let mut input = binder.bind_consumer(&consumer("orders", "g", 9)).await.unwrap();
    assert!(pending(&mut input, ROOM).await);
    let (waiting, playing) = (handle.clone(), handle.clone());
    let play = async move {
        playing.assign();
        playing.until(|input| input.settled() == 1).await;
        playing.fail(Error::new(ErrorKind::Broker, "gone"));
    };
    let read = async move {
        assert_eq!(next(&mut input, ROOM).await.0, Incoming::Assigned);
        let (_, batch) = next(&mut input, ROOM).await;
        settle(&input, [batch[0].tag], Settlement::Ack);
        let mut rest = Vec::new();
        let end = poll_fn(|cx| input.subscription.poll_next(cx, ROOM, &mut rest)).await;
        assert_eq!(end.unwrap_err().kind(), ErrorKind::Broker);
    };
    tokio::join!(play, read, waiting.settled_at_least(1));
    assert!(!handle.closed() && !handle.bound());
}

#[tokio::test]
async fn a_second_binding_of_one_input_needs_an_input_of_its_own() {
    let binder = ScriptedBinder::new();
    let own = binder.input_of("orders", "other");
    let _first = binder.bind_consumer(&consumer("orders", "g", 9)).await.unwrap();
    let error = binder.bind_consumer(&consumer("orders", "h", 9)).await.unwrap_err();
    assert!(error.to_string().contains("input_of"), "{error}");
    let _other = binder.bind_consumer(&consumer("orders", "other", 9)).await.unwrap();
    assert!(own.bound());
    assert_eq!(own.spec().unwrap().group.unwrap().as_str(), "other");
}

#[tokio::test]
async fn an_output_answers_as_it_is_told() {
    let binder = ScriptedBinder::new();
    let two = |m: &Message| m.payload.as_deref() == Some(b"2");
    let handle = binder
        .output("invoices")
        .refuse(2, two, || Error::new(ErrorKind::Publish, "busy"))
        .refuse(1, two, || Error::new(ErrorKind::TooLarge, "too large"));
    let publisher = binder.bind_producer(&producer("invoices")).await.unwrap();
    let reported = Arc::new(Reported::default());
    publish(&*publisher, &mut reported.outbox(1..4)).await;
    for _ in 0..3 {
        publish(&*publisher, &mut reported.outbox(2..3)).await;
    }
    handle.report_unknown();
    publish(&*publisher, &mut reported.outbox(5..6)).await;
    handle.drop_completions();
    publish(&*publisher, &mut reported.outbox(6..7)).await;
    assert_eq!(
        reported.names(),
        [
            (1, "confirmed"),
            (2, "refused, transient"),
            (3, "confirmed"),
            (2, "refused, transient"),
            (2, "refused"),
            (2, "confirmed"),
            (5, "unknown"),
            (6, "unknown"),
        ]
    );
    let payloads: Vec<_> = handle.published().into_iter().map(|m| m.payload.unwrap()).collect();
    assert_eq!(payloads, ["1", "3", "2", "5", "6"]);
    assert_eq!((handle.calls(), handle.refused(), handle.unreported()), (6, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn late_confirmations_take_virtual_time_and_bound_the_queue() {
    let binder = ScriptedBinder::new();
    let handle = binder.output("invoices").confirm_after(Duration::from_millis(50)).capacity(10);
    let publisher = binder.bind_producer(&producer("invoices")).await.unwrap();
    let reported = Arc::new(Reported::default());
    let started = tokio::time::Instant::now();
    publish(&*publisher, &mut reported.outbox(0..25)).await;
    assert_eq!(started.elapsed().as_millis() / 50, 2, "two rounds of ten, then five fit");
    assert_eq!((reported.names().len(), handle.unreported()), (20, 5));
    poll_fn(|cx| publisher.poll_flush(cx)).await;
    assert_eq!(started.elapsed().as_millis() / 50, 3);
    assert_eq!(reported.names(), (0..25).map(|i| (i, "confirmed")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stall_and_held_confirmations_wait_for_the_test() {
    let binder = ScriptedBinder::new();
    let handle = binder.output("invoices").hold_confirmations();
    let publisher = binder.bind_producer(&producer("invoices")).await.unwrap();
    let reported = Arc::new(Reported::default());
    handle.stall();
    let mut outbox = reported.outbox(0..3);
    assert!(stuck(&*publisher, &mut outbox).await);
    assert_eq!((outbox.len(), handle.published_count()), (3, 0));
    let release = async { handle.release() };
    tokio::join!(publish(&*publisher, &mut outbox), release, handle.published_at_least(3));
    assert_eq!((handle.held(), reported.names().len()), (3, 0));
    handle.confirm_held(2);
    assert_eq!(reported.names(), [(0, "confirmed"), (1, "confirmed")]);
    let flush = poll_fn(|cx| publisher.poll_flush(cx));
    let confirm = async { handle.confirm_held(9) };
    tokio::join!(flush, confirm);
    assert_eq!((handle.held(), reported.names().len()), (0, 3));
}

#[tokio::test]
async fn events_tell_the_order_of_start_and_stop() {
    let binder = ScriptedBinder::new();
    binder.refuse_provision(Error::new(ErrorKind::Topology, "conflict"));
    binder.provision(&Topology::default()).await.unwrap_err();
    binder.provision(&Topology::default()).await.unwrap();
    binder.output("invoices").refuse_bind(Error::new(ErrorKind::Connect, "down"));
    assert!(binder.bind_producer(&producer("invoices")).await.is_err());
    let publisher = binder.bind_producer(&producer("invoices")).await.unwrap();
    binder.input("orders").push([numbered(0)]);
    let (_, mut input) = bound(&binder, 9).await;
    let _ = next(&mut input, ROOM).await;
    publish(&*publisher, &mut Arc::new(Reported::default()).outbox(0..1)).await;
    poll_fn(|cx| input.subscription.poll_close(cx)).await.unwrap();
    poll_fn(|cx| publisher.poll_flush(cx)).await;
    drop((input, publisher));
    let (orders, invoices) = (|| "orders".to_owned(), || "invoices".to_owned());
    assert_eq!(
        binder.events(),
        [
            ScriptEvent::Provisioned,
            ScriptEvent::BoundOutput(invoices()),
            ScriptEvent::BoundInput(orders()),
            ScriptEvent::Assigned(orders()),
            ScriptEvent::FirstDelivered(orders()),
            ScriptEvent::FirstPublished(invoices()),
            ScriptEvent::ClosedInput(orders()),
            ScriptEvent::Flushed(invoices()),
            ScriptEvent::DroppedInput(orders()),
            ScriptEvent::DroppedOutput(invoices()),
        ]
    );
    assert!(binder.topology().is_some());
}

#[tokio::test]
async fn the_batch_and_the_bytes_in_flight_are_limits_too() {
    let binder = ScriptedBinder::new();
    let handle = binder.input("orders").max_batch(2);
    handle.push((0..5).map(|_| Message::new(vec![0; 400 << 10])));
    let (handle, mut input) = (handle, bound(&binder, 100).await.1);
    let (_, batch) = next(&mut input, ROOM).await;
    assert_eq!(batch.len(), 2, "the largest batch");
    assert!(pending(&mut input, ROOM).await, "two of 400 KiB leave no room for a third in 1 MiB");
    settle(&input, batch.iter().map(|d| d.tag), Settlement::Ack);
    assert_eq!(next(&mut input, Room { messages: 1, ..ROOM }).await.1.len(), 1);
    assert_eq!((handle.unsettled(), handle.max_unsettled()), (1, 2), "the high-water mark stays");
}

#[tokio::test]
async fn a_revoked_partition_delivers_nothing_and_is_forgotten_by_the_next_binding() {
    let binder = ScriptedBinder::new();
    binder.input("orders").push([numbered(0)]);
    let (handle, mut input) = bound(&binder, 100).await;
    let (_, batch) = next(&mut input, ROOM).await;
    handle.revoke(0);
    assert!(matches!(next(&mut input, ROOM).await.0, Incoming::Revoked(_)));
    settle(&input, [batch[0].tag], Settlement::Release);
    handle.push([numbered(1)]);
    assert!(pending(&mut input, ROOM).await, "neither what was released nor what is new");
    handle.give_back(0);
    assert_eq!(tags(&next(&mut input, ROOM).await.1), [(2, 0, 0), (2, 0, 1)]);

    handle.revoke(0);
    drop(input);
    let (_, mut input) = bound(&binder, 100).await;
    assert_eq!(tags(&next(&mut input, ROOM).await.1), [(3, 0, 0), (3, 0, 1)]);
}

#[tokio::test]
async fn closing_waits_while_it_is_stalled() {
    let binder = ScriptedBinder::new();
    let (handle, mut input) = bound(&binder, 100).await;
    handle.stall_close(true);
    let polled = poll_fn(|cx| Poll::Ready(input.subscription.poll_close(cx).is_pending())).await;
    assert!(polled && !handle.closed());
    let release = async { handle.stall_close(false) };
    let (closed, ()) = tokio::join!(poll_fn(|cx| input.subscription.poll_close(cx)), release);
    closed.unwrap();
    assert!(handle.closed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_wake_each_other() {
    const MESSAGES: usize = 2_000;
    let binder = ScriptedBinder::new();
    let orders = binder.input("orders").max_batch(7);
    let invoices = binder.output("invoices").confirm_after(Duration::from_millis(1)).capacity(50);
    let publisher = binder.bind_producer(&producer("invoices")).await.unwrap();
    let (_, mut input) = bound(&binder, 100).await;
    let copy = async move {
        let reported = Arc::new(Reported::default());
        let mut settled = 0;
        while settled < MESSAGES {
            let (_, batch) = next(&mut input, ROOM).await;
            let first = settled as u64;
            settled += batch.len();
            publish(&*publisher, &mut reported.outbox(first..settled as u64)).await;
            settle(&input, batch.iter().map(|d| d.tag), Settlement::Ack);
        }
        poll_fn(|cx| publisher.poll_flush(cx)).await;
        reported.names().len()
    };
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(copy);
    (0..MESSAGES).for_each(|i| orders.push([numbered(i)]));
    orders.settled_at_least(MESSAGES).await;
    invoices.published_at_least(MESSAGES).await;
    assert_eq!(tasks.join_next().await.unwrap().unwrap(), MESSAGES);
    assert!(orders.max_unsettled() <= 7, "{} unsettled", orders.max_unsettled());
}
