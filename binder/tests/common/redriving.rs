//! Messages that fail, are looked at as dead letters, and go back when the function is mended: on
//! any binder.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use binder::prelude::*;
use binder::{DeadLetters, Error, Exit, Letter, RedriveEnd, RedriveOptions, StoreSummary};
use futures::stream;
use tokio::sync::Notify;

use crate::arrivals::Arrivals;
use crate::bench::Bench;

/// How many orders there are; every fourth fails while the function is broken.
const ORDERS: usize = 4_000;
const LETTERS: usize = ORDERS / 4;

/// What is told to an application, and what it tells.
#[derive(Clone, Default)]
struct Shop {
    /// Orders are sent with the first start alone.
    sent: Arc<AtomicBool>,
    mended: Arc<AtomicBool>,
    /// Only the first order.
    single: bool,
    tried: Arrivals,
    billed: Arrivals,
    audited: Arrivals,
}

#[stream_emitter]
#[output("orders")]
fn orders(State(shop): State<Shop>) -> impl Stream<Item = Out<String>> {
    let count = match (shop.sent.swap(true, Ordering::SeqCst), shop.single) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => ORDERS,
    };
    stream::iter((0..count).map(|id| {
        Out::new(format!("order {id}")).key(format!("k{}", id % 7)).header("run", format!("r{id}"))
    }))
}

#[stream_listener]
#[input("orders")]
async fn bill(order: Message<String>, State(shop): State<Shop>) -> Result<()> {
    shop.tried.add(order.payload().as_str());
    let id: usize = order.payload().trim_start_matches("order ").parse()?;
    if id.is_multiple_of(4) && !shop.mended.load(Ordering::SeqCst) {
        Err(Error::msg("no price")).permanent()?;
    }
    let key = String::from_utf8_lossy(order.key().map_or(&[], |key| &key[..])).into_owned();
    let run = order.headers().text("run").unwrap_or_default().to_owned();
    shop.billed.add(format!("{} {key} {run}", order.payload()));
    Ok(())
}

#[stream_listener]
#[input("orders")]
async fn audit(order: String, State(shop): State<Shop>) {
    shop.audited.add(order);
}

fn app(shop: &Shop) -> App<Shop> {
    App::new(shop.clone()).bind(listeners![bill, audit]).emit(emitters![orders])
}

fn billed(id: usize) -> String {
    format!("order {id} k{} r{id}", id % 7)
}

/// As fast as letters are taken.
fn fast() -> RedriveOptions {
    let mut options = RedriveOptions::default();
    options.rate = None;
    options
}

/// Runs the failing application until its dead letters are complete.
async fn broken(bench: &Bench, shop: &Shop, orders: usize) -> DeadLetters {
    let running = bench.start(app(shop)).await;
    shop.audited.at_least(orders).await;
    let letters = bench.dead_letters(app(shop));
    dead(&letters, orders.div_ceil(4)).await;
    assert_eq!(shop.tried.all(), orders);
    assert_eq!(running.stop().await, Exit::Drained);
    letters
}

/// Waits until so many letters are in the store.
async fn dead(letters: &DeadLetters, count: usize) {
    let mut found = 0;
    for _ in 0..600 {
        found = listed(letters).await.letters;
        if found == count as u64 {
            return;
        }
        // A store tells nobody that something has come.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{found} of {count} letters are in the store");
}

/// The store of `bill`; that of `audit` is there and empty.
async fn listed(letters: &DeadLetters) -> StoreSummary {
    let mut stores = letters.list().await.unwrap();
    assert_eq!(stores.len(), 2, "one for each group");
    let audit = stores.pop().unwrap();
    assert!(audit.exists && audit.letters == 0, "{audit:?}");
    stores.pop().unwrap()
}

fn store(bench: &Bench) -> String {
    format!("{}.{}.dlq", bench.destination("orders"), bench.group("bill"))
}

fn told(letter: &Letter) -> [Option<&str>; 4] {
    let Letter { destination, group, class, cause, .. } = letter;
    [destination.as_deref(), group.as_deref(), class.as_deref(), cause.as_deref()]
}

/// From the failure to the empty store; nobody but the group that failed sees anything twice.
pub(crate) async fn tour(bench: Bench) {
    let shop = Shop::default();
    let bench = bench.set("bindings.orders.dead_letter=true");
    let letters = broken(&bench, &shop, ORDERS).await;
    let store = store(&bench);

    let before = listed(&letters).await;
    assert_eq!((before.destination.as_str(), before.letters), (store.as_str(), LETTERS as u64));
    assert_eq!(before.classes.get(&Some("permanent".into())), Some(&(LETTERS as u64)));
    assert_eq!(before.inputs, [("orders".to_owned(), Some(bench.group("bill")))]);
    assert!(before.oldest.is_some() && before.oldest <= before.newest);

    let shown = letters.show(&store, 3).await.unwrap();
    assert_eq!(shown.len(), 3);
    for letter in &shown {
        let (destination, group) = (bench.destination("orders"), bench.group("bill"));
        let expected = [destination.as_str(), &group, "permanent", "no price"].map(Some);
        assert_eq!(told(letter), expected);
        assert_eq!((letter.attempts, letter.redrives), (Some(1), 0));
        let names: Vec<_> = letter.headers.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, ["run"]);
    }
    let all = letters.show(&store, 10 * ORDERS).await.unwrap();
    assert_eq!(all.len(), LETTERS);
    assert!(all.is_sorted_by_key(|letter| letter.failed_at), "the oldest first");
    let ids = |letters: &[Letter]| -> Vec<_> {
        letters.iter().map(|letter| letter.payload.clone()).collect()
    };
    assert_eq!(ids(&shown), ids(&all)[..3], "what was looked at is where it was");
    let unknown = letters.show("nothing", 1).await.unwrap_err().to_string();
    assert!(unknown.contains(&store), "{unknown}");

    let mut dry = fast();
    dry.dry_run = true;
    let would = letters.redrive(&store, &dry, pending(), |_| ()).await.unwrap();
    assert_eq!((would.all_sent(), would.all_left()), (LETTERS as u64, 0));
    assert_eq!(listed(&letters).await, before);

    shop.mended.store(true, Ordering::SeqCst);
    let running = bench.start(app(&shop)).await;
    let done = letters.redrive(&store, &fast(), pending(), |_| ()).await.unwrap();
    assert!(matches!(done.end, RedriveEnd::Whole), "{done:?}");
    assert_eq!((done.all_sent(), done.all_left()), (LETTERS as u64, 0));
    shop.billed.at_least(ORDERS).await;
    assert_eq!(running.stop().await, Exit::Drained);
    let expected = (0..ORDERS).map(|id| (billed(id), 1)).collect();
    assert_eq!(shop.billed.by_name(), expected, "as they were, each once");
    assert!(shop.audited.by_name().into_values().all(|count| count == 1), "not for this group");
    assert_eq!(listed(&letters).await.letters, 0);
    let again = letters.redrive(&store, &fast(), pending(), |_| ()).await.unwrap();
    assert_eq!((again.held, again.all_sent()), (0, 0));
}

/// The configuration asks for more partitions than there are, and the application that runs has not
/// been started anew with it: letters go to the partitions that it reads.
pub(crate) async fn before_growth(bench: Bench) {
    let shop = Shop::default();
    let bench = bench.set("bindings.orders.dead_letter=true");
    let now = bench.clone().set("bindings.orders.partition_count=2");
    drop(broken(&now, &shop, ORDERS).await);
    let store = store(&bench);
    shop.mended.store(true, Ordering::SeqCst);
    let running = now.start(app(&shop)).await;

    let next = bench.set("bindings.orders.partition_count=4");
    let letters = next.dead_letters(app(&shop));
    let mut left = fast();
    left.max_redrives = 0;
    let done = letters.redrive(&store, &left, pending(), |_| ()).await.unwrap();
    assert!(matches!(done.end, RedriveEnd::Whole), "{done:?}");
    assert_eq!((done.all_sent(), done.all_left()), (0, LETTERS as u64));
    let mut few = fast();
    few.limit = Some(10);
    let done = letters.redrive(&store, &few, pending(), |_| ()).await.unwrap();
    assert!(matches!(done.end, RedriveEnd::Limit), "{done:?}");

    let next = next.set("bindings.orders.grow=true");
    let letters = next.dead_letters(app(&shop));
    let done = letters.redrive(&store, &fast(), pending(), |_| ()).await.unwrap();
    assert!(matches!(done.end, RedriveEnd::Whole), "{done:?}");
    assert_eq!(done.all_sent(), LETTERS as u64 - 10);
    let billed = shop.billed.at_least(ORDERS);
    let billed = tokio::time::timeout(Duration::from_secs(60), billed).await;
    assert!(billed.is_ok(), "{} of {ORDERS} were read", shop.billed.all());
    assert_eq!(running.stop().await, Exit::Drained);
}

/// Stopped in order, nothing is sent twice; given up in the middle, what was on its way may be.
pub(crate) async fn interrupted(bench: Bench) {
    let shop = Shop::default();
    let bench = bench.set("bindings.orders.dead_letter=true");
    let letters = broken(&bench, &shop, ORDERS).await;
    let store = store(&bench);

    let enough = Notify::new();
    let tell = |done: &binder::Redriven| {
        if done.all_sent() >= 10 {
            enough.notify_one();
        }
    };
    let first = letters.redrive(&store, &fast(), enough.notified(), tell).await.unwrap();
    assert!(matches!(first.end, RedriveEnd::Stopped), "{first:?}");
    let sent = first.all_sent();
    assert!((10..LETTERS as u64).contains(&sent), "{sent}");
    assert_eq!(listed(&letters).await.letters, LETTERS as u64 - sent);

    let mut few = fast();
    few.limit = Some(5);
    let second = letters.redrive(&store, &few, pending(), |_| ()).await.unwrap();
    assert!(matches!(second.end, RedriveEnd::Limit), "{second:?}");
    assert_eq!(second.all_sent(), 5);
    let left = LETTERS as u64 - sent - 5;
    assert_eq!(listed(&letters).await.letters, left);

    // As a process that is killed: whatever it was doing, it does no more.
    let enough = Notify::new();
    let tell = |done: &binder::Redriven| {
        if done.all_sent() >= 10 {
            enough.notify_one();
        }
    };
    let mut options = RedriveOptions::default();
    options.rate = Some(1_000.0);
    tokio::select! {
        _ = letters.redrive(&store, &options, pending(), tell) => panic!("it came to an end"),
        () = enough.notified() => {}
    }
    shop.mended.store(true, Ordering::SeqCst);
    let running = bench.start(app(&shop)).await;
    let missing = || {
        let found = shop.billed.by_name();
        (0..ORDERS).map(billed).filter(|id| !found.contains_key(id)).collect::<Vec<_>>()
    };
    for round in 0.. {
        let rest = letters.redrive(&store, &fast(), pending(), |_| ()).await.unwrap();
        assert!(matches!(rest.end, RedriveEnd::Whole), "{rest:?}");
        if missing().is_empty() {
            break;
        }
        assert!(round < 200, "{:?} are lost", missing());
        // A broker hears a little later that the one before is gone.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(running.stop().await, Exit::Drained);
    assert_eq!(listed(&letters).await.letters, 0);
    let found = shop.billed.by_name();
    // What was on its way, and what was confirmed and not yet taken out of the store.
    let twice = found.values().filter(|count| **count > 1).count();
    assert!(twice <= 512 && found.values().all(|count| *count <= 2), "{twice} came twice");
}

/// What fails whatever is done comes back so often, and then stays.
pub(crate) async fn poison(bench: Bench) {
    let shop = Shop { single: true, ..Shop::default() };
    let bench = bench.set("bindings.orders.dead_letter=true");
    let letters = broken(&bench, &shop, 1).await;
    let store = store(&bench);
    let mut options = fast();
    options.max_redrives = 2;
    let first = letters.show(&store, 2).await.unwrap().remove(0);

    for round in 1..=2 {
        let running = bench.start(app(&shop)).await;
        let done = letters.redrive(&store, &options, pending(), |_| ()).await.unwrap();
        assert!(matches!(done.end, RedriveEnd::Whole), "{done:?}");
        assert_eq!((done.all_sent(), done.all_left()), (1, 0), "what comes back waits");
        dead(&letters, 1).await;
        assert_eq!(shop.tried.all(), 1 + round);
        assert_eq!(running.stop().await, Exit::Drained);
        let back = letters.show(&store, 2).await.unwrap();
        assert_eq!(back.len(), 1);
        assert_eq!(back[0].redrives as usize, round);
        assert_eq!(back[0].position, first.position, "its first origin");
    }
    for _ in 0..2 {
        let done = letters.redrive(&store, &options, pending(), |_| ()).await.unwrap();
        assert!(matches!(done.end, RedriveEnd::Whole), "{done:?}");
        assert_eq!((done.all_sent(), done.all_left()), (0, 1));
        assert_eq!(listed(&letters).await.letters, 1);
    }
    let left = letters.show(&store, 2).await.unwrap().remove(0);
    assert_eq!((&left.payload, &left.key, &left.id), (&first.payload, &first.key, &first.id));
    assert_eq!(left.headers, first.headers);
    assert_eq!(shop.tried.all(), 3);
}
