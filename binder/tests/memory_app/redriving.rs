//! Dead letters on the memory binder, in virtual time.

use std::future::pending;

use binder::prelude::*;
use binder::{Executor, Exit, RedriveEnd};
use binder_core::Message;

use crate::arrivals::Arrivals;
use crate::bench::Bench;
use crate::redriven;

#[tokio::test(start_paused = true)]
async fn what_failed_goes_back_to_its_group_alone() {
    redriven::tour(Bench::new(Executor::current())).await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_redrive_goes_on_where_it_was() {
    redriven::interrupted(Bench::new(Executor::current())).await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_again_and_again_is_left() {
    redriven::poison(Bench::new(Executor::current())).await;
}

#[tokio::test(start_paused = true)]
async fn what_failed_goes_back_before_there_are_more_partitions() {
    redriven::before_growth(Bench::new(Executor::current())).await;
}

/// Letters of others, and of functions that are gone, stay behind what can go back; who reads the
/// dead letters as a destination sees none of them twice.
#[tokio::test(start_paused = true)]
async fn what_cannot_go_back_is_kept_and_told() {
    let bench = Bench::new(Executor::current());
    let bench = bench.set("bindings.orders.dead_letter=dead").set("bindings.dead.group=readers");
    let seen = Arrivals::default();
    let app = || App::new(seen.clone()).bind(listeners![refuse, look]);
    // Its first start makes the store.
    let running = bench.start(app()).await;
    let mut headers = [
        Headers::from_iter([("x-original-topic", "orders")]),
        Headers::from_iter([("x-original-destination", "orders")]),
        Headers::from_iter([("x-original-destination", "orders"), ("x-original-group", "gone")]),
    ];
    headers[1].push("null", None);
    let send = headers.clone().map(|headers| Message { headers, ..Message::new("letter") });
    bench.send("dead", send).await;
    seen.at_least(3).await;
    let letters = bench.dead_letters(app());
    for _ in 0..3 {
        let done = letters.redrive("dead", &Default::default(), pending(), |_| ()).await.unwrap();
        assert!(matches!(done.end, RedriveEnd::Whole), "{done:?}");
        assert_eq!((done.held, done.all_sent(), done.all_left()), (3, 0, 3));
        let why: Vec<_> = done.left.keys().map(String::as_str).collect();
        assert!(why[0].contains("x-original-destination"), "{why:?}");
        assert!(why[1].contains("destination `orders`, group `gone`"), "{why:?}");
        assert_eq!(why[2], "read without a group");
    }
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(seen.all(), 3, "they moved, and were read again");
    let kept = letters.show("dead", 9).await.unwrap();
    assert_eq!(kept.len(), 3);
    let mut names: Vec<_> = kept.iter().map(|letter| letter.headers.len()).collect();
    names.sort_unstable();
    assert_eq!(names, [0, 1, 1], "their own headers");
    assert_eq!(letters.list().await.unwrap()[0].classes.get(&None), Some(&3));
}

/// Whatever strangers write in the headers of letters, the reasons why they stay are few and short.
#[tokio::test(start_paused = true)]
async fn reasons_that_strangers_make_up_do_not_fill_the_memory() {
    let bench = Bench::new(Executor::current()).set("bindings.orders.dead_letter=dead");
    let app = || App::new(()).bind(listeners![refuse]);
    assert_eq!(bench.start(app()).await.stop().await, Exit::Drained);
    let group = |index| format!("{index} {:>9000}", "x");
    let headers = |index| {
        let origin = [("x-original-destination", "orders".to_owned())];
        Headers::from_iter(origin.into_iter().chain([("x-original-group", group(index))]))
    };
    let send = (0..500).map(|index| Message { headers: headers(index), ..Message::new("letter") });
    bench.send("dead", send).await;
    let letters = bench.dead_letters(app());
    let done = letters.redrive("dead", &Default::default(), pending(), |_| ()).await.unwrap();
    assert_eq!((done.all_left(), done.left.len()), (500, 101));
    assert_eq!(done.left["others"], 400);
    assert!(done.left.keys().all(|why| why.len() < 2_000), "cut");
}

/// A function that reads dead letters has dead letters of its own. What failed before it came there
/// stands in the first store too, and goes back from that one alone.
#[tokio::test(start_paused = true)]
async fn a_letter_goes_back_from_the_store_of_the_group_at_which_it_failed_first() {
    let bench = Bench::new(Executor::current());
    let bench = bench.set("bindings.orders.dead_letter=dead").set("bindings.dead.dead_letter=last");
    let seen = Arrivals::default();
    let app = || App::new(seen.clone()).bind(listeners![refuse, file]);
    let running = bench.start(app()).await;
    bench.send("orders", [Message::new("order")]).await;
    bench.send("dead", [Message::new("by hand")]).await;
    seen.at_least(2).await;
    assert_eq!(running.stop().await, Exit::Drained);

    let letters = bench.dead_letters(app());
    let redrive = async |store: &str| {
        let done = letters.redrive(store, &Default::default(), pending(), |_| ()).await.unwrap();
        assert!(matches!(done.end, RedriveEnd::Whole), "{done:?}");
        let sent: Vec<_> = done.sent.into_iter().collect();
        (sent, done.left.into_keys().collect::<Vec<_>>())
    };
    let to = |destination: &str, group| vec![((destination.to_owned(), bench.group(group)), 1)];
    let (sent, left) = redrive("last").await;
    assert_eq!(sent, to("dead", "file"), "what failed there first");
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].contains("group `shop.refuse`, which has its dead letters in another"));
    let (sent, left) = redrive("dead").await;
    assert_eq!(
        sent,
        to("orders", "refuse"),
        "the order, and what came back from the last store not"
    );
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left[0].contains("group `shop.file`, which has its dead letters in another"));
}

#[stream_listener]
#[input("dead")]
async fn file(_: Bytes, State(seen): State<Arrivals>) -> Result<()> {
    seen.add("letter");
    Err(binder::Error::msg("no room")).permanent()?;
    Ok(())
}

#[stream_listener]
#[input("orders")]
async fn refuse(_: Bytes) -> Result<()> {
    Err(binder::Error::msg("no")).permanent()?;
    Ok(())
}

#[stream_listener]
#[input("dead")]
async fn look(_: Bytes, State(seen): State<Arrivals>) {
    seen.add("letter");
}
