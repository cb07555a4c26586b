//! How an application ends by itself, and what it tells the shell.

use std::time::Duration;

use binder::Exit;
use binder::prelude::*;
use binder_core::{Error, ErrorKind, Settlement};

use crate::bench::{Bench, Order, broken, count, is_pending, order, settle_down};

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order) -> Order {
    order
}

#[stream_listener]
#[input("returns")]
#[output("credits")]
async fn credit(order: Order) -> Order {
    order
}

#[tokio::test(start_paused = true)]
async fn until_drains_the_application() {
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    let bench = Bench::new();
    let _invoices = bench.binder.output("invoices").confirm_after(Duration::from_secs(1));
    let until = async move { Ok(receiver.await?) };
    let app = App::new(()).bind(listeners![bill]).until(until);
    let running = bench.start(app).await.unwrap();
    bench.input("orders").push((0..10).map(order));
    bench.binder.output("invoices").published_at_least(10).await;
    sender.send(()).unwrap();
    assert_eq!(running.ended().await, Exit::Drained);
    assert_eq!(count(&bench.input("orders"), Settlement::Ack), 10);
    assert!(bench.input("orders").closed());
}

#[tokio::test(start_paused = true)]
async fn until_that_fails_drains_too_and_is_the_application_s_own_failure() {
    let bench = Bench::new();
    let app = App::new(())
        .bind(listeners![bill])
        .until(async { Err(binder::Error::msg("the shop has burnt down")) });
    let running = bench.start(app).await.unwrap();
    assert_eq!(running.ended().await, Exit::Failed);
    assert!(bench.input("orders").closed());
}

#[tokio::test(start_paused = true)]
async fn an_application_of_emitters_that_says_itself_when_it_is_done_is_not_done_earlier() {
    #[stream_emitter]
    #[output("orders")]
    fn nothing() -> impl Stream<Item = Order> {
        futures::stream::empty()
    }
    let bench = Bench::new();
    let hour = Duration::from_secs(3_600);
    let until = async move {
        tokio::time::sleep(hour).await; // virtual
        Ok(())
    };
    let start = tokio::time::Instant::now();
    let running = bench.start(App::new(()).emit(emitters![nothing]).until(until)).await.unwrap();
    assert_eq!(running.ended().await, Exit::Drained);
    assert!(start.elapsed() >= hour);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_stops_leaves_the_others_alone_and_the_last_one_ends_the_application() {
    let bench = Bench::new().alone();
    let (orders, returns) = (bench.input("orders"), bench.input("returns"));
    let running = bench.listen(listeners![bill, credit]).await;
    let ended = running.ended();
    tokio::pin!(ended);

    orders.push([order(0), broken(), order(2)]);
    orders.until(|orders| orders.closed()).await;
    settle_down().await;
    assert!(is_pending(&mut ended), "one input still runs");
    assert_eq!(bench.texts("invoices"), [r#"{"id":0}"#]);
    assert_eq!(orders.committed(0), 1, "what it has stopped at stays");
    returns.push((0..10).map(order));
    returns.settled_at_least(10).await;
    assert_eq!(bench.published("credits").len(), 10);

    returns.push([broken()]);
    assert_eq!(ended.await, Exit::Stopped);
    assert!(returns.closed() && !orders.bound() && !returns.bound());
}

#[tokio::test(start_paused = true)]
async fn r10_a_subscription_that_ends_is_an_input_that_has_stopped() {
    let bench = Bench::new();
    let running = bench.listen(listeners![bill]).await;
    bench.input("orders").push((0..10).map(order));
    bench.input("orders").settled_at_least(10).await;
    bench.input("orders").fail(Error::new(ErrorKind::Auth, "access was revoked"));
    assert_eq!(running.ended().await, Exit::Stopped);
    assert!(!bench.input("orders").bound());
}

/// Whoever is not let in any more can neither read nor publish.
#[tokio::test(start_paused = true)]
async fn an_input_that_stops_waits_no_longer_for_its_outputs_than_the_grace() {
    let bench = Bench::new();
    let refused = || Error::new(ErrorKind::Auth, "access was revoked").transient(true);
    bench.binder.output("invoices").refuse(usize::MAX, |_| true, refused);
    let running = bench.listen(listeners![bill]).await;
    bench.input("orders").push([order(0)]);
    settle_down().await;
    let start = tokio::time::Instant::now();
    bench.input("orders").fail(Error::new(ErrorKind::Auth, "access was revoked"));
    let ended = tokio::time::timeout(Duration::from_secs(60), running.ended()).await; // virtual
    assert_eq!(ended.unwrap(), Exit::Stopped);
    assert!(start.elapsed() >= Duration::from_secs(20), "it had the grace: {:?}", start.elapsed());
    assert_eq!(count(&bench.input("orders"), Settlement::Ack), 0);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_may_be_dropped_stops_nothing() {
    let bench = Bench::new().set("bindings.orders.on_exhausted=drop");
    let running = bench.listen(listeners![bill]).await;
    let orders = bench.input("orders");
    orders.push([order(0), broken(), order(2)]);
    orders.settled_at_least(3).await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(bench.texts("invoices"), [r#"{"id":0}"#, r#"{"id":2}"#]);
    assert_eq!(count(&orders, Settlement::Ack), 3);
}
