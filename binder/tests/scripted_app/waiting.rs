//! `connect = "wait"`: an application that starts before its broker.

use binder::prelude::*;
use binder::{Exit, LaunchError};
use binder_core::{Error, ErrorKind};
use tokio::time::Instant;

use crate::bench::{Bench, Order, order};

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order) -> Order {
    order
}

fn app() -> App {
    App::new(()).bind(listeners![bill])
}

fn waiting() -> Bench {
    Bench::new().set("binders.scripted.connect=wait")
}

fn unreachable() -> Error {
    Error::new(ErrorKind::Connect, "connection refused")
}

/// Topology, outputs and inputs are asked for until the broker is there.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_reached_is_tried_again_and_then_works() {
    let bench = waiting();
    bench.binder.refuse_provision(unreachable());
    bench.binder.output("invoices").refuse_bind(unreachable());
    bench.input("orders").refuse_bind(unreachable());
    let begun = Instant::now();
    let running = bench.start(app()).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 3, "a second for each of three");
    bench.input("orders").push([order(1)]);
    bench.binder.output("invoices").published_at_least(1).await;
    assert_eq!(running.stop().await, Exit::Drained);
}

#[tokio::test(start_paused = true)]
async fn without_it_the_start_fails_at_once_with_the_cause() {
    let bench = Bench::new();
    bench.binder.refuse_provision(unreachable());
    let Err(LaunchError::Refused(error)) = bench.start(app()).await else { panic!("started") };
    assert_eq!(error.to_string(), "binder `scripted`: connection refused");
}

/// What waiting does not mend is refused all the same.
#[tokio::test(start_paused = true)]
async fn credentials_and_topology_still_fail() {
    for kind in [ErrorKind::Auth, ErrorKind::Topology] {
        let bench = waiting();
        bench.binder.refuse_provision(unreachable());
        bench.input("orders").refuse_bind(Error::new(kind, "no"));
        let Err(LaunchError::Refused(error)) = bench.start(app()).await else { panic!("started") };
        assert_eq!(error.kind(), kind);
    }
}

/// A broker that is there and cannot serve yet is waited for; one that refuses for good is not.
#[tokio::test(start_paused = true)]
async fn a_broker_that_cannot_serve_yet_is_waited_for() {
    let loading = || Error::new(ErrorKind::Broker, "loading");
    let bench = waiting();
    bench.binder.refuse_provision(loading().transient(true));
    let running = bench.start(app()).await.unwrap();
    assert_eq!(running.stop().await, Exit::Drained);
    let bench = waiting();
    bench.binder.refuse_provision(loading().transient(false));
    let Err(LaunchError::Refused(error)) = bench.start(app()).await else { panic!("started") };
    assert_eq!(error.to_string(), "binder `scripted`: loading");
}
