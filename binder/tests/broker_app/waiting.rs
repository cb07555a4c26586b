//! An application that starts before its broker can be reached.

use std::net::SocketAddr;

use binder::Exit;
use binder::prelude::*;
use futures::stream;
use tokio::net::{TcpListener, TcpStream};

use crate::arrivals::Arrivals;
use crate::bench::{Bench, broker};

#[stream_emitter]
#[output("numbers")]
fn numbers() -> impl Stream<Item = usize> {
    stream::iter(0..100)
}

#[stream_listener]
#[input("numbers")]
async fn count(number: usize, State(arrivals): State<Arrivals>) {
    arrivals.add(number.to_string());
}

/// Passes bytes on to the broker for as long as the test runs.
async fn forward(listener: TcpListener, broker: SocketAddr) {
    let mut passing = tokio::task::JoinSet::new();
    while let Ok((mut from, _)) = listener.accept().await {
        passing.spawn(async move {
            if let Ok(mut to) = TcpStream::connect(broker).await {
                // Ends with an error where one side resets the connection.
                tokio::io::copy_bidirectional(&mut from, &mut to).await.ok();
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn c08_an_application_waits_for_its_broker_and_then_works() {
    let (kind, address) = broker();
    // Nobody listens there for now, and nobody else gets the port.
    let reserved = tokio::net::TcpSocket::new_v4().unwrap();
    reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = reserved.local_addr().unwrap();
    let bench = Bench::new(&["numbers"])
        .set(&format!("binders.{kind}.servers={port}"))
        .set(&format!("binders.{kind}.connect=wait"));
    let arrivals = Arrivals::default();
    let app = App::new(arrivals.clone()).bind(listeners![count]).emit(emitters![numbers]);
    let mut start = Box::pin(bench.start(app));
    let early = tokio::time::timeout(std::time::Duration::from_secs(2), &mut start).await;
    assert!(early.is_err(), "it started without a broker");
    let broker = address.parse().unwrap();
    let listener = reserved.listen(64).unwrap();
    let running = tokio::select! {
        () = forward(listener, broker) => panic!("the forwarder ended"),
        drained = async {
            let running = start.await;
            arrivals.at_least(100).await;
            running.stop().await
        } => drained,
    };
    assert_eq!(running, Exit::Drained);
}
