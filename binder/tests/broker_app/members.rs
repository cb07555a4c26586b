//! One message that always fails, without a dead letter, and three members of one group.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use binder::prelude::*;
use binder::{Bindings, Error, Exit, InputState, InputStatus, Running};
use futures::{FutureExt, stream};

use crate::arrivals::Arrivals;
use crate::bench::Bench;

const MESSAGES: usize = 400;
const POISON: usize = 100;

#[derive(Clone, Default)]
struct Shop {
    arrivals: Arrivals,
    healed: Arc<AtomicBool>,
}

#[stream_emitter]
#[output("numbers")]
fn numbers() -> impl Stream<Item = Out<usize>> {
    stream::iter(0..MESSAGES).map(|number| Out::new(number).key((number % 40).to_string()))
}

#[stream_listener]
#[input("numbers")]
async fn handle(number: usize, State(shop): State<Shop>) -> Result<()> {
    if number == POISON && !shop.healed.load(Ordering::Relaxed) {
        return Err(Error::msg("it always fails"));
    }
    shop.arrivals.add(number.to_string());
    Ok(())
}

struct Member {
    running: Running,
    bindings: Bindings,
}

impl Member {
    async fn start(bench: &Bench, shop: &Shop) -> Self {
        let app = App::new(shop.clone()).bind(listeners![handle]);
        let bindings = app.bindings();
        Self { running: bench.start(app).await, bindings }
    }

    fn status(&self) -> InputStatus {
        self.bindings.list().remove(0)
    }

    fn has_stopped(&self) -> bool {
        self.status().stopped.is_some()
    }
}

/// Waits until one of them has stopped, and long enough to see that no other does; gives it.
async fn the_one_that_stops(members: &[Member]) -> usize {
    let stops = async {
        while !members.iter().any(Member::has_stopped) {
            tokio::time::sleep(Duration::from_millis(20)).await; // looks again: nothing tells
        }
    };
    tokio::time::timeout(Duration::from_secs(60), stops).await.unwrap();
    // Longer than a group needs to hand the partitions of one that has left to another.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let stopped: Vec<_> = (0..members.len()).filter(|n| members[*n].has_stopped()).collect();
    assert_eq!(stopped.len(), 1, "stopped: {stopped:?}");
    stopped[0]
}

/// What an operator sees: one member stops and says where, why and what to do. It is not ready and
/// lives; it keeps what it was assigned, so that the others are left alone. The message is not
/// settled, and is the next member's once that one is told to leave.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn one_poison_message_stops_one_of_three_members() {
    let plain = Bench::new(&["numbers"]);
    let bench = plain
        .clone()
        .set("bindings.numbers.retry.max_attempts=2")
        .set("bindings.numbers.retry.backoff.initial=20ms")
        .set("bindings.numbers.max_in_flight=20");
    let shop = Shop::default();
    let mut members = Vec::new();
    for _ in 0..3 {
        members.push(Member::start(&bench, &shop).await);
    }
    let source = plain.start(App::new(()).emit(emitters![numbers])).await;
    let first = the_one_that_stops(&members).await;
    for (n, member) in members.iter_mut().enumerate() {
        assert_eq!(member.bindings.is_ready(), n != first, "member {n}");
    }
    let status = members[first].status();
    assert_eq!(status.state, InputState::Stopped);
    let stopped = status.stopped.unwrap();
    let position = stopped.position.unwrap();
    for text in [&position.to_string(), "it always fails", "dead_letter = true", "on_exhausted"] {
        assert!(stopped.text.contains(text), "{text} not in: {}", stopped.text);
    }
    let before = shop.arrivals.all();
    assert!(before < MESSAGES, "the poison alone is missing at most");

    // It lives on, not ready, until somebody does something about it.
    let Member { running, bindings } = members.remove(first);
    let mut ended = Box::pin(running.ended());
    assert!(ended.as_mut().now_or_never().is_none(), "it lives");
    bindings.stop("numbers").await.unwrap();
    assert!(bindings.is_ready(), "stopped by hand");

    // Another one has it now: it was not settled.
    let second = the_one_that_stops(&members).await;
    let status = members[second].status();
    assert!(status.stopped.unwrap().text.contains("it always fails"));
    assert_eq!(shop.arrivals.by_name().get(&POISON.to_string()), None);
    shop.healed.store(true, Ordering::Relaxed);
    members[second].bindings.start("numbers").await.unwrap();
    bindings.start("numbers").await.unwrap();
    let all = async {
        while shop.arrivals.by_name().len() < MESSAGES {
            tokio::time::sleep(Duration::from_millis(20)).await; // looks again: nothing tells
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), all).await.is_ok(), "something is lost");
    assert!(bindings.is_ready() && members.iter().all(|member| member.bindings.is_ready()));
    drop(ended);
    for member in members {
        assert_eq!(member.running.stop().await, Exit::Drained);
    }
    assert_eq!(source.stop().await, Exit::Drained);
}
