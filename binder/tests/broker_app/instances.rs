//! Several processes of one application on a destination with partitions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use binder::prelude::*;
use binder::{Exit, Running};
use futures::stream;

use crate::arrivals::Arrivals;
use crate::bench::{Bench, broker};

const MESSAGES: usize = 480;
const KEYS: usize = 48;
const INSTANCES: usize = 3;

#[stream_emitter]
#[output("numbers")]
fn numbers() -> impl Stream<Item = Out<usize>> {
    stream::iter((0..MESSAGES).map(|n| Out::new(n).key(format!("key {}", n % KEYS))))
}

#[derive(Clone, Default)]
struct Seen {
    arrivals: Arrivals,
    /// In the order in which this instance was given them.
    numbers: Arc<Mutex<Vec<usize>>>,
}

#[stream_listener]
#[input("numbers")]
async fn note(number: usize, State(seen): State<Seen>) {
    seen.numbers.lock().unwrap().push(number);
    seen.arrivals.add(number.to_string());
}

impl Seen {
    /// What came of each key since the last time.
    fn by_key(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut keys = BTreeMap::<_, Vec<_>>::new();
        for number in std::mem::take(&mut *self.numbers.lock().unwrap()) {
            keys.entry(number % KEYS).or_default().push(number);
        }
        keys
    }
}

struct Group {
    bench: Bench,
    arrivals: Arrivals,
}

impl Group {
    async fn instance(&self, index: usize) -> (Running, Seen) {
        let seen = Seen { arrivals: self.arrivals.clone(), ..Seen::default() };
        let app = App::new(seen.clone()).bind(listeners![note]);
        let index = format!("app.instance.index={index}");
        let count = format!("app.instance.count={INSTANCES}");
        (self.bench.clone().set(&index).set(&count).start(app).await, seen)
    }

    /// Begins to send; to be stopped when everything has come.
    async fn send(&self) -> Running {
        let app: App = App::new(()).emit(emitters![numbers]);
        self.bench.start(app).await
    }
}

/// Each instance has keys of its own, in order. On RabbitMQ, where nobody moves partitions, those of
/// an instance that is gone wait until it is back; on Kafka the group hands them to the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn instances_share_the_partitions_and_each_key_has_one_of_them() {
    let bench = Bench::new(&["numbers"]).set("bindings.numbers.partition_count=8");
    let group = Group { bench, arrivals: Arrivals::default() };
    let mut members = Vec::new();
    for index in 0..INSTANCES {
        members.push(group.instance(index).await);
    }
    let sending = group.send().await;
    group.arrivals.at_least(MESSAGES).await;
    assert_eq!(sending.stop().await, Exit::Drained);
    let shares: Vec<_> = members.iter().map(|(_, seen)| seen.by_key()).collect();
    assert_eq!(shares.iter().map(BTreeMap::len).sum::<usize>(), KEYS, "a key has two instances");
    assert!(shares.iter().all(|share| !share.is_empty()));
    let in_order = |share: &BTreeMap<_, Vec<usize>>| share.values().all(|came| came.is_sorted());
    assert!(shares.iter().all(in_order));

    let (gone, _) = members.remove(1);
    assert_eq!(gone.stop().await, Exit::Drained);
    let sending = group.send().await;
    let waiting = match broker().0 {
        "amqp" => shares[1].len() * MESSAGES / KEYS,
        _ => 0,
    };
    group.arrivals.at_least(2 * MESSAGES - waiting).await;
    if waiting > 0 {
        let (back, seen) = group.instance(1).await;
        group.arrivals.at_least(2 * MESSAGES).await;
        assert_eq!(seen.by_key(), shares[1]);
        members.push((back, seen));
    }
    assert_eq!(group.arrivals.all(), 2 * MESSAGES, "something came twice");
    for running in members.into_iter().map(|(member, _)| member).chain([sending]) {
        assert_eq!(running.stop().await, Exit::Drained);
    }
}
