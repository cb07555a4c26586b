//! An input that is stopped and started while its broker has more for it.

use crate::arrivals::Arrivals;
use crate::bench::Bench;
use crate::stop_and_start::{app, stop_and_start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn stopped_and_started_under_load_it_loses_nothing_and_repeats_nothing() {
    for streams in [false, true] {
        let arrivals = Arrivals::default();
        let bench = Bench::new(&["numbers"]).set("bindings.numbers.concurrency=4");
        let app = app(streams, &arrivals);
        let bindings = app.bindings();
        let running = bench.start(app).await;
        stop_and_start(running, bindings, &arrivals).await;
    }
}
