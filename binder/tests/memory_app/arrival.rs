//! Everything that is sent arrives at everyone who reads it.

use std::time::Duration;

use binder::prelude::*;
use binder::{Executor, Exit};
use binder_core::Destination;
use futures::stream;

use crate::arrivals::Arrivals;
use crate::bench::Bench;

#[stream_emitter]
#[output("numbers")]
fn thousand() -> impl Stream<Item = Out<u64>> {
    stream::iter((0..1_000).map(|i| Out::new(i).key((i % 50).to_string())))
}

#[stream_listener]
#[input("numbers")]
#[output("doubles")]
async fn double(number: u64) -> Out<u64> {
    Out::new(number * 2).key((number % 50).to_string())
}

#[stream_listener]
#[input("doubles")]
#[output("texts")]
async fn print(number: u64) -> String {
    format!("<{number}>")
}

#[stream_listener]
#[input("texts")]
async fn sink(text: String, State(arrivals): State<Arrivals>) {
    arrivals.add(text);
}

#[stream_listener]
#[input("numbers")]
async fn count(number: u64, State(arrivals): State<Arrivals>) {
    arrivals.add(number.to_string());
}

#[stream_listener]
#[input("numbers")]
async fn count_too(number: u64, State(arrivals): State<Arrivals>) {
    arrivals.add(format!("again {number}"));
}

fn once_each(names: impl IntoIterator<Item = String>) -> std::collections::BTreeMap<String, usize> {
    names.into_iter().map(|name| (name, 1)).collect()
}

/// One run; real threads, as an application has them, and a limit that only a hang reaches.
async fn a_thousand_arrive() {
    let bench = Bench::new(Executor::new().unwrap());
    let arrivals = Arrivals::default();
    let app = App::new(arrivals.clone()).bind(listeners![count]).emit(emitters![thousand]);
    let running = bench.start(app).await;
    let arrive = arrivals.at_least(1_000);
    let arrived = tokio::time::timeout(Duration::from_secs(60), arrive).await;
    assert!(arrived.is_ok(), "{} of 1,000 have arrived", arrivals.all());
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(arrivals.by_name(), once_each((0..1_000).map(|i| i.to_string())));
    assert_eq!(bench.backlog("numbers", "shop.count"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_messages_emitted_at_once_at_start_all_arrive_in_each_of_twenty_runs() {
    for _ in 0..20 {
        a_thousand_arrive().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_of_three_functions_passes_everything_on_once() {
    let bench = Bench::new(Executor::current()).set("bindings.numbers.concurrency=4");
    let arrivals = Arrivals::default();
    let app =
        App::new(arrivals.clone()).bind(listeners![double, print, sink]).emit(emitters![thousand]);
    let running = bench.start(app).await;
    arrivals.at_least(1_000).await;
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(arrivals.by_name(), once_each((0..1_000).map(|i| format!("<{}>", i * 2))));
}

#[tokio::test(start_paused = true)]
async fn each_of_two_groups_gets_everything() {
    let bench = Bench::new(Executor::current());
    let arrivals = Arrivals::default();
    let app =
        App::new(arrivals.clone()).bind(listeners![count, count_too]).emit(emitters![thousand]);
    let running = bench.start(app).await;
    arrivals.at_least(2_000).await;
    running.stop().await;
    let names = (0..1_000).flat_map(|i| [i.to_string(), format!("again {i}")]);
    assert_eq!(arrivals.by_name(), once_each(names));
}

#[stream_listener]
#[input("numbers")]
#[output("texts")]
async fn picky(number: u64) -> Result<String> {
    if number.is_multiple_of(100) {
        return Err(binder::Error::msg("a round number").permanent());
    }
    Ok(number.to_string())
}

#[stream_listener]
#[input("rejects")]
async fn rejected(number: Message<u64>, State(arrivals): State<Arrivals>) {
    let headers = number.headers();
    let text = |name| headers.text(name).unwrap_or("nothing");
    let (cause, from) = (text("x-failure-cause"), text("x-original-destination"));
    arrivals.add(format!("{} {cause} from {from}", number.payload()));
}

#[tokio::test(start_paused = true)]
async fn dead_letters_are_a_destination_that_another_listener_reads() {
    let bench = Bench::new(Executor::current())
        .set("bindings.numbers.dead_letter=rejects")
        .set("bindings.texts.destination=shop.texts");
    let arrivals = Arrivals::default();
    let app = App::new(arrivals.clone())
        .bind(listeners![picky, rejected, sink])
        .emit(emitters![thousand]);
    let running = bench.start(app).await;
    arrivals.at_least(1_000).await;
    assert_eq!(running.stop().await, Exit::Drained);
    let (bad, good): (Vec<_>, _) = (0..1_000).partition(|i| i % 100 == 0);
    let bad = bad.iter().map(|i| format!("{i} a round number from numbers"));
    assert_eq!(arrivals.by_name(), once_each(bad.chain(good.iter().map(ToString::to_string))));
}

#[tokio::test(start_paused = true)]
async fn dead_letters_that_nobody_reads_are_kept() {
    let bench = Bench::new(Executor::current())
        .set("bindings.numbers.dead_letter=true")
        .set("bindings.texts.unrouted=drop");
    let app = App::new(()).bind(listeners![picky]).emit(emitters![thousand]);
    let running = bench.start(app).await;
    let kept = || bench.backlog("numbers.shop.picky.dlq", "dlq");
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(1)).await; // virtual: lets the application work
    }
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!((kept(), bench.backlog("numbers", "shop.picky")), (10, 0));
}

/// Neither concurrency nor the number of instances makes partitions: a destination has what it was
/// created with.
#[tokio::test(start_paused = true)]
async fn s15_12_concurrency_and_instances_create_no_partitions() {
    let bench = Bench::new(Executor::current())
        .set("bindings.numbers.concurrency=32")
        .set("bindings.numbers.partition_count=2")
        .set("app.instance.count=16");
    let app = App::new(Arrivals::default()).bind(listeners![double]).emit(emitters![thousand]);
    let running = bench.start(app).await;
    let partitions = |name| bench.memory.partition_count(&Destination::new(name).unwrap()).unwrap();
    assert_eq!((partitions("numbers").get(), partitions("doubles").get()), (2, 8));
    assert_eq!(running.stop().await, Exit::Drained);
}
