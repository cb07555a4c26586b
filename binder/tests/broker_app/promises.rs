//! The promises, kept by an application on a real broker, as another client sees them: nothing is
//! lost, the order of each key is kept, and nothing is recorded as done with that is not finished.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use binder::Exit;
use binder::prelude::*;
use binder_testkit::evidence::{Kafka, Ledger, Progress, RabbitMq, Recorded, Recorder};
use futures::stream;
use tokio::sync::Semaphore;

use crate::arrivals::Arrivals;
use crate::bench::{Bench, broker};

const MESSAGES: usize = 3_000;
const KEYS: usize = 40;
/// As many as functions run at once.
const IN_FLIGHT: usize = 16;
const ATTEMPTS: u32 = 2;

fn key(number: usize) -> String {
    (number % KEYS).to_string()
}

/// One in ten fails once, one in a hundred always.
fn fails(number: usize, attempt: u32) -> bool {
    number % 100 == 50 || (number % 10 == 7 && attempt == 1)
}

/// What the functions saw.
#[derive(Clone)]
struct Seen {
    progress: Arc<Mutex<Progress>>,
    ledger: Arc<Mutex<Ledger>>,
    arrivals: Arrivals,
    /// Opens when the broker has everything.
    gate: Arc<Semaphore>,
}

impl Seen {
    fn new(out: u64) -> Self {
        let progress = Arc::new(Mutex::new(Progress::new(out)));
        let (ledger, arrivals) = (Arc::default(), Arrivals::default());
        Self { progress, ledger, arrivals, gate: Arc::new(Semaphore::new(0)) }
    }
}

#[stream_emitter]
#[output("numbers")]
fn numbers(State(seen): State<Seen>) -> impl Stream<Item = Out<usize>> {
    stream::iter((0..MESSAGES).map(move |number| {
        seen.ledger.lock().unwrap().add_sent(Some(&key(number)), number.to_string());
        Out::new(number).key(key(number))
    }))
}

#[stream_listener]
#[input("numbers")]
async fn handle(number: Message<usize>, State(seen): State<Seen>) -> Result<()> {
    // It is only ever closed.
    assert!(seen.gate.acquire().await.is_err());
    let (attempt, position) = (number.attempt(), number.position().cloned());
    let position = position.map(|position| (position.partition(), position.sequence())).unwrap();
    let number = number.into_payload();
    // The topic is new, so its partitions begin with the first position.
    seen.progress.lock().unwrap().delivered(position.0, 0);
    if fails(number, attempt) {
        if attempt == ATTEMPTS {
            // It is finished when its dead letter is confirmed, which nobody here sees.
            seen.progress.lock().unwrap().finished(position.0, position.1);
        }
        return Err(binder::Error::msg("not this one"));
    }
    let long = if number.is_multiple_of(53) { 300 } else { number as u64 % 3 };
    // Many overtake one that takes long.
    tokio::time::sleep(Duration::from_millis(long)).await;
    seen.ledger.lock().unwrap().add_out(Some(&key(number)), number.to_string());
    // Before it can be settled.
    seen.progress.lock().unwrap().finished(position.0, position.1);
    seen.arrivals.add(number.to_string());
    Ok(())
}

#[stream_listener]
#[input("rejects")]
async fn reject(number: usize, State(seen): State<Seen>) {
    seen.ledger.lock().unwrap().add_dead(Some(&key(number)), number.to_string());
    seen.arrivals.add(number.to_string());
}

/// Looks at the broker for as long as the messages take, and says whether it ever was ahead.
#[allow(clippy::disallowed_methods, reason = "a thread of its own, beside every runtime")]
fn look_on(
    seen: &Seen,
    recorder: &dyn Recorder,
    destination: &str,
    group: &str,
    over: &AtomicBool,
) {
    loop {
        let last = over.load(Ordering::Acquire);
        let recorded = recorder.recorded(destination, group);
        // Before the group is there, the broker has nothing to say.
        if let Ok(recorded) = recorded {
            let has_everything = match recorded {
                Recorded::Waiting(waiting) => waiting >= MESSAGES as u64 - out(recorder),
                _ => true,
            };
            let mut progress = seen.progress.lock().unwrap();
            if has_everything && !seen.gate.is_closed() {
                progress.sent(MESSAGES as u64);
                seen.gate.close();
            }
            progress.check(&recorded);
        }
        if last {
            return;
        }
        // Nothing tells when a broker records.
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How many messages may be missing from a queue.
fn out(recorder: &dyn Recorder) -> u64 {
    recorder.out(IN_FLIGHT as u64)
}

/// Who looks at the broker, and the name of the group there.
fn recorder() -> Box<dyn Recorder> {
    match broker() {
        ("kafka", server) => Box::new(Kafka::at(server)),
        (_, server) => Box::new(RabbitMq::at(server)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a broker: BINDER_TEST_KAFKA or BINDER_TEST_AMQP"]
async fn nothing_is_lost_or_disordered_and_no_position_is_ahead_of_the_work() {
    let bench = Bench::new(&["numbers", "rejects"])
        .set("bindings.numbers.group=work")
        .set("bindings.numbers.order=key")
        .set(&format!("bindings.numbers.concurrency={IN_FLIGHT}"))
        .set(&format!("bindings.numbers.max_in_flight={IN_FLIGHT}"))
        .set(&format!("bindings.numbers.retry.max_attempts={ATTEMPTS}"))
        .set("bindings.numbers.retry.backoff.initial=5ms");
    let rejects = bench.destination("rejects");
    let bench = bench.set(&format!("bindings.numbers.dead_letter={rejects}"));
    let (seen, over) = (Seen::new(out(&*recorder())), Arc::new(AtomicBool::new(false)));
    let app = App::new(seen.clone()).bind(listeners![handle, reject]).emit(emitters![numbers]);
    let looking = {
        let (seen, over) = (seen.clone(), over.clone());
        let numbers = bench.destination("numbers");
        std::thread::spawn(move || look_on(&seen, &*recorder(), &numbers, "work", &over))
    };
    let running = bench.start(app).await;
    seen.arrivals.at_least(MESSAGES).await;
    assert_eq!(running.stop().await, Exit::Drained);
    over.store(true, Ordering::Release);
    tokio::task::spawn_blocking(move || looking.join().unwrap()).await.unwrap();

    let ledger = seen.ledger.lock().unwrap();
    ledger.is_balanced().unwrap();
    ledger.is_in_order_per_key().unwrap();
    let progress = seen.progress.lock().unwrap();
    progress.verdict().unwrap();
    assert!(progress.samples() > 50, "{} looks", progress.samples());
}
