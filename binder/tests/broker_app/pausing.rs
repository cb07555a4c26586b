//! An input that is paused while its broker has more for it.

use std::time::Duration;

use binder::Exit;
use binder::prelude::*;
use futures::stream;

use crate::arrivals::Arrivals;
use crate::bench::Bench;

const MESSAGES: usize = 4_000;

#[stream_emitter]
#[output("numbers")]
fn numbers() -> impl Stream<Item = usize> {
    stream::iter(0..MESSAGES)
}

#[stream_listener]
#[input("numbers")]
async fn count(number: usize, State(arrivals): State<Arrivals>) {
    // What has started is finished, and everything is not over at once.
    tokio::time::sleep(Duration::from_micros(100)).await;
    arrivals.add(number.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn c37_while_paused_nothing_is_handled_and_then_everything_once() {
    let bench = Bench::new(&["numbers"]).set("bindings.numbers.concurrency=4");
    let arrivals = Arrivals::default();
    let app = App::new(arrivals.clone()).bind(listeners![count]).emit(emitters![numbers]);
    let bindings = app.bindings();
    let running = bench.start(app).await;
    arrivals.at_least(100).await;
    bindings.pause("numbers").unwrap();
    // Longer than a call takes, so that what had started is over.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let paused = arrivals.all();
    assert!(paused < MESSAGES, "everything was handled before the pause");
    // Long enough for a binder that delivers all the same.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(arrivals.all(), paused);
    bindings.resume("numbers").unwrap();
    arrivals.at_least(MESSAGES).await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert!(arrivals.by_name().into_values().all(|count| count == 1), "something came twice");
}
