//! Applications under random trouble: whatever happens, nothing is lost, nothing hangs, and where
//! nothing is taken away or restarted nothing is doubled or out of order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use binder::prelude::*;
use binder::{Exit, Running};
use binder_core::{Error, ErrorKind, Settlement, message as wire};
use tokio::time::timeout;

use crate::bench::{Bench, Order, broken, count, order};
use crate::dice::Dice;
use crate::fate::Fate;

/// How many random applications there are.
const APPLICATIONS: u64 = 500;
const MESSAGES: usize = 150;
const KEYS: usize = 12;
const PARTITIONS: u32 = 4;

fn fate(seed: u64, id: u64) -> Fate {
    match Dice::new(seed ^ (id << 32)).roll(40) {
        0 => Fate::Silent,
        1 => Fate::FailsOnce,
        2 => Fate::PanicsOnce,
        3 => Fate::Fails,
        4 => Fate::Permanent,
        5 => Fate::Panics,
        6 => Fate::Broken,
        7 => Fate::Unsendable,
        8..=15 => Fate::Slow,
        _ => Fate::Good,
    }
}

async fn handle(seed: u64, order: Order, attempt: u32) -> Result<Vec<Order>> {
    let sent = fate(seed, order.id).meet(order.id, attempt, true).await?;
    Ok(if sent { vec![order] } else { Vec::new() })
}

#[stream_listener]
#[input("orders")]
#[output("invoices", "copies")]
async fn call(
    order: Order,
    attempt: Attempt,
    State(seed): State<u64>,
) -> Result<(Vec<Order>, Vec<Order>)> {
    let orders = handle(seed, order, attempt.0).await?;
    Ok((orders.clone(), orders))
}

#[stream_listener]
#[input("orders")]
#[output("invoices", "copies")]
fn stream(
    orders: Messages<Order>,
    State(seed): State<u64>,
) -> impl Stream<Item = Step<(Vec<Order>, Vec<Order>)>> {
    let handle = move |message: Message<Order>| {
        let attempt = message.attempt();
        message.and_then(move |order| async move {
            let orders = handle(seed, order, attempt).await?;
            Ok((orders.clone(), orders))
        })
    };
    orders.map(handle).buffer_unordered(4)
}

/// One random application and its trouble.
struct Trial {
    seed: u64,
    dice: Dice,
    bench: Bench,
    streams: bool,
    ordered: bool,
    /// Partitions are taken away, or the application is stopped and started.
    disturbed: bool,
    /// A publish may happen twice.
    doubled: bool,
    /// Publishes are refused, and sent again behind later ones.
    refused: bool,
}

impl Trial {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let (streams, order) = (dice.roll(3) == 0, dice.one_of(&["partition", "key", "none"]));
        let in_flight = dice.one_of(&[1, 2, 5, 16, 1_024]);
        let bench = Bench::new()
            .set("bindings.orders.dead_letter=dead")
            .set("bindings.orders.retry.backoff.initial=5ms")
            .set(&format!("bindings.orders.order={order}"))
            .set(&format!("bindings.orders.concurrency={}", dice.one_of(&[1, 2, 7])))
            .set(&format!("bindings.orders.max_in_flight={in_flight}"));
        let (disturbed, doubled) = (dice.roll(3) == 0, dice.roll(4) == 0);
        let refused = dice.roll(2) == 0;
        // A stream function gets what is retried behind later ones.
        let ordered = !streams && order != "none" && !refused;
        Self { seed, dice, bench, streams, ordered, disturbed, doubled, refused }
    }

    fn fate(&self, id: usize) -> Fate {
        fate(self.seed, id as u64)
    }

    fn prepare(&mut self) {
        let orders = self.bench.input("orders").partitions(PARTITIONS);
        for id in 0..MESSAGES {
            let message = match self.fate(id) {
                Fate::Broken => broken().with_header("id", id.to_string()),
                _ => order(id),
            };
            let key = id % KEYS;
            orders.push_to(key as u32 % PARTITIONS, [message.with_key(key.to_string())]);
        }
        let _orders = orders.max_batch(self.dice.one_of(&[1, 3, 256]));
        for name in ["invoices", "copies", "dead"] {
            let output = self.bench.binder.output(name);
            let output = output.capacity(self.dice.one_of(&[1, 2, 16_384]));
            let output = match self.dice.roll(3) {
                0 => output.confirm_after(Duration::from_millis(1 + self.dice.roll(30))),
                _ => output,
            };
            let refusals = if self.refused { self.dice.roll(8) as usize } else { 0 };
            let output = output.refuse(refusals, |_| true, || no_leader(true));
            let seed = self.seed;
            if name == "invoices" {
                output.refuse(usize::MAX, move |m| is_unsendable(seed, m), || no_leader(false));
            }
        }
    }

    async fn start(&self) -> Running {
        let listener = if self.streams { listeners![stream] } else { listeners![call] };
        self.bench.start(App::new(self.seed).bind(listener)).await.unwrap()
    }

    async fn run(&mut self) {
        self.prepare();
        let orders = self.bench.input("orders");
        let mut running = self.start().await;
        for _ in 0..if self.disturbed { 6 } else { 0 } {
            tokio::time::sleep(Duration::from_millis(self.dice.roll(40))).await; // virtual
            if self.dice.roll(2) == 0 {
                let partition = self.dice.roll(u64::from(PARTITIONS)) as u32;
                orders.revoke(partition);
                tokio::time::sleep(Duration::from_millis(self.dice.roll(20))).await; // virtual
                orders.give_back(partition);
            } else {
                assert_eq!(running.stop().await, Exit::Drained);
                running = self.start().await;
            }
        }
        if self.doubled {
            self.bench.binder.output("copies").report_unknown();
            tokio::time::sleep(Duration::from_millis(30)).await; // virtual
            self.bench.binder.output("copies").confirm_at_once();
        }
        orders.until(|orders| count(orders, Settlement::Ack) >= MESSAGES).await;
        assert_eq!(running.stop().await, Exit::Drained);
        assert_eq!(orders.unsettled(), 0);
    }

    fn check(&self) {
        let of = |which: fn(Fate) -> bool| -> BTreeSet<usize> {
            (0..MESSAGES).filter(|id| which(self.fate(*id))).collect()
        };
        for name in ["invoices", "copies"] {
            let sent = self.ids(name);
            let good: BTreeSet<_> =
                sent.iter().copied().filter(|id| self.fate(*id).is_sent()).collect();
            assert_eq!(good, of(Fate::is_sent), "{name}");
            let bad = sent.iter().filter(|id| !self.fate(**id).is_sent());
            let unsendable = |id: &usize| name == "copies" && self.fate(*id) == Fate::Unsendable;
            assert!(bad.copied().all(|id| unsendable(&id)), "{name} {sent:?}");
            let may_repeat = self.disturbed || self.doubled && name == "copies";
            if !may_repeat {
                let distinct: BTreeSet<_> = sent.iter().collect();
                assert_eq!(sent.len(), distinct.len(), "{name} is doubled: {sent:?}");
                assert!(!self.ordered || is_ordered(&sent), "{name} {sent:?}");
            }
        }
        let dead = self.ids("dead");
        let distinct: BTreeSet<_> = dead.iter().copied().collect();
        assert_eq!(distinct, of(Fate::is_dead));
        assert!(self.disturbed || dead.len() == distinct.len(), "dead is doubled: {dead:?}");
    }

    fn ids(&self, output: &str) -> Vec<usize> {
        let id = |message: &wire::Message| match message.headers.text("id") {
            Some(id) => id.parse().unwrap(),
            None => id_of(message).unwrap(),
        };
        self.bench.published(output).iter().map(id).collect()
    }
}

fn id_of(message: &wire::Message) -> Option<usize> {
    let order: Order = serde_json::from_slice(message.payload.as_deref()?).ok()?;
    usize::try_from(order.id).ok()
}

fn is_unsendable(seed: u64, message: &wire::Message) -> bool {
    id_of(message).is_some_and(|id| fate(seed, id as u64) == Fate::Unsendable)
}

fn no_leader(transient: bool) -> Error {
    Error::new(ErrorKind::Publish, "no leader").transient(transient)
}

/// Ids grow within each key.
fn is_ordered(ids: &[usize]) -> bool {
    let mut last = BTreeMap::new();
    ids.iter().all(|id| last.insert(id % KEYS, id).is_none_or(|before| before < id))
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_nothing_is_lost_and_nothing_hangs() {
    for seed in 0..APPLICATIONS {
        let mut trial = Trial::new(seed);
        let ended = timeout(Duration::from_secs(36_000), trial.run()).await;
        let orders = trial.bench.input("orders");
        let settled = count(&orders, Settlement::Ack);
        assert!(ended.is_ok(), "seed {seed}: {settled} of {MESSAGES} acknowledged, then nothing");
        trial.check();
    }
}
