//! Tasks that die: binders have defects too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use binder::prelude::*;
use binder::{Exit, InputState};
use binder_core::{
    Binder, BoundInput, BoxFuture, Capabilities, ConsumerSpec, Delivery, Incoming, ProducerSpec,
    Publisher, Room, Settlement, Subscription, Topology,
};

use crate::bench::{Bench, Order, count, is_pending, order, settle_down};

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order) -> Order {
    order
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
fn stream(orders: Messages<Order>) -> impl Stream<Item = Step<Order>> {
    orders.map(|message| message.map(|order| order))
}

#[stream_listener]
#[input("other")]
#[output("copies")]
async fn copy(order: Order) -> Order {
    order
}

/// A publisher that panics takes the task with it that has called it, and what that has in hand.
#[tokio::test(start_paused = true)]
async fn a_task_that_dies_stops_its_input_and_is_seen_and_a_start_revives_it() {
    for listeners in [listeners![bill, copy], listeners![stream, copy]] {
        let bench = Bench::new();
        let app = App::new(()).bind(listeners);
        let bindings = app.bindings();
        let running = bench.start(app).await.unwrap();
        let ended = running.ended();
        tokio::pin!(ended);
        let (orders, invoices) = (bench.input("orders"), bench.binder.output("invoices"));
        orders.push([order(0)]);
        orders.settled_at_least(1).await;
        let once = AtomicBool::new(true);
        let defect = move |_: &_| -> bool {
            assert!(!once.swap(false, Ordering::SeqCst), "a defect of this binder");
            false
        };
        invoices.refuse(1, defect, || unreachable!());
        orders.push((1..10).map(order));
        orders.until(|orders| !orders.bound()).await;
        settle_down().await;
        assert!(is_pending(&mut ended) && !bindings.is_ready());
        let status = &bindings.list()[0];
        assert_eq!(status.state, InputState::Stopped);
        let text = &status.stopped.as_ref().unwrap().text;
        assert!(text.contains("panicked") && text.contains("binding `orders`"), "{text}");
        assert_eq!(count(&orders, Settlement::Ack), 1, "what it had in hand is unsettled");
        assert!(orders.closed(), "and what is settled is recorded");
        bench.input("other").push([order(7)]);
        bench.binder.output("copies").published_at_least(1).await;

        bindings.start("orders").await.unwrap();
        orders.until(|orders| count(orders, Settlement::Ack) == 10).await;
        assert!(bindings.is_ready());
        drop(bindings);
    }
}

#[stream_emitter]
#[output("beats")]
fn beat() -> impl Stream<Item = Order> {
    futures::stream::iter([Order { id: 1 }]).chain(futures::stream::pending())
}

#[tokio::test(start_paused = true)]
async fn an_emitter_whose_task_dies_is_seen_too() {
    let bench = Bench::new();
    let app = App::new(()).bind(listeners![copy]).emit(emitters![beat]);
    let bindings = app.bindings();
    let defect = |_: &_| -> bool { panic!("a defect of this binder") };
    bench.binder.output("beats").refuse(1, defect, || unreachable!());
    let running = bench.start(app).await.unwrap();
    settle_down().await;
    assert!(!bindings.is_ready());
    assert_eq!(bindings.list()[0].state, InputState::Running);
    assert_eq!(running.stop().await, Exit::Drained);
}

/// The scripted binder with a subscription that can be made to panic.
#[derive(Clone)]
struct Defective(Bench, Arc<AtomicBool>);

struct Panics(Box<dyn Subscription>, Arc<AtomicBool>);

impl Subscription for Panics {
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        room: Room,
        batch: &mut Vec<Delivery>,
    ) -> Poll<binder_core::Result<Incoming>> {
        assert!(!self.1.swap(false, Ordering::SeqCst), "a defect of this binder");
        self.0.poll_next(cx, room, batch)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<binder_core::Result<()>> {
        self.0.poll_close(cx)
    }
}

impl Binder for Defective {
    fn bind_consumer<'a>(
        &'a self,
        spec: &'a ConsumerSpec,
    ) -> BoxFuture<'a, binder_core::Result<BoundInput>> {
        Box::pin(async {
            let BoundInput { subscription, acker } = self.0.binder.bind_consumer(spec).await?;
            let subscription = Box::new(Panics(subscription, self.1.clone()));
            Ok(BoundInput { subscription, acker })
        })
    }

    fn bind_producer<'a>(
        &'a self,
        spec: &'a ProducerSpec,
    ) -> BoxFuture<'a, binder_core::Result<Arc<dyn Publisher>>> {
        self.0.binder.bind_producer(spec)
    }

    fn provision<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, binder_core::Result<()>> {
        self.0.binder.provision(topology)
    }

    fn capabilities(&self) -> Capabilities {
        self.0.binder.capabilities()
    }
}

#[tokio::test(start_paused = true)]
async fn r09_a_subscription_that_panics_is_an_input_that_has_stopped_and_not_a_silent_one() {
    for listeners in [listeners![bill], listeners![stream]] {
        let bench = Bench::new().set("default_binder=defective");
        let now = Arc::new(AtomicBool::new(false));
        let binder = Defective(bench.clone(), now.clone());
        let app = App::new(()).bind(listeners).binder("defective", Arc::new(binder));
        let bindings = app.bindings();
        let running = bench.start(app).await.unwrap();
        assert!(bindings.is_ready());
        now.store(true, Ordering::SeqCst);
        bench.input("orders").push([order(1)]);
        bench.input("orders").until(|orders| !orders.bound()).await;
        settle_down().await;
        assert!(!bindings.is_ready());
        let status = &bindings.list()[0];
        assert!(status.stopped.as_ref().unwrap().text.contains("a task of"), "{status:?}");
        assert!(status.last_error.as_ref().unwrap().text.contains("panicked"));
        bindings.start("orders").await.unwrap();
        bench.binder.output("invoices").published_at_least(1).await;
        assert_eq!(running.stop().await, Exit::Drained);
    }
}
