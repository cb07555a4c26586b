//! Errors, panics, deadlines: one place decides.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use binder_core::{Error, ErrorKind, Message, Settlement};
use tokio::time::Instant;

use super::bench::{Bench, Function, forward, function, policy, texts};
use crate::function::failure::{Class, Failure};
use crate::runtime::spawn::Executor;

/// Fails messages whose text begins with `bad`, in that way; forwards the others.
fn fails(class: Class) -> Function {
    function(move |message, _| async move {
        match message.payload.as_deref() {
            Some(bad) if bad.starts_with(b"bad") => match class {
                Class::Panic => panic!("at the disco"),
                Class::Deadline => std::future::pending().await,
                class => Err(Failure::new(class, "boom")),
            },
            _ => Ok(vec![(0, message)]),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn r08_every_way_to_fail_ends_in_the_dead_letters_with_its_cause() {
    for (class, attempts) in [
        (Class::Transient, "3"),
        (Class::Permanent, "1"),
        (Class::Undecodable, "1"),
        (Class::Panic, "3"),
        (Class::Deadline, "3"),
    ] {
        let bench = Bench::new(Executor::current());
        bench.input.push(["a", "bad", "b"].map(|text| Message::new(text).with_key("k")));
        let _running = bench.call(fails(class)).await;
        bench.input.settled_at_least(3).await;
        assert_eq!(texts(&bench.first.published()), ["a", "b"], "{class:?}");
        let dead = bench.dead.published();
        assert_eq!(texts(&dead), ["bad"], "{class:?}");
        assert_eq!(dead[0].key.as_deref(), Some(&b"k"[..]));
        assert_eq!(dead[0].headers.text("x-failure-class"), Some(class.as_str()));
        assert_eq!(dead[0].headers.text("x-failure-attempts"), Some(attempts), "{class:?}");
        assert!(bench.input.settlements().iter().all(|(_, what)| *what == Settlement::Ack));
    }
}

#[tokio::test(start_paused = true)]
async fn r04_retries_wait_out_the_back_off_and_count_attempts() {
    let bench = Bench::new(Executor::current());
    bench.input.push([Message::new("x")]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    let record = seen.clone();
    let third = function(move |message, attempt| {
        record.lock().unwrap().push((attempt, start.elapsed().as_millis()));
        std::future::ready(if attempt < 3 {
            Err(Failure::new(Class::Transient, "busy"))
        } else {
            Ok(vec![(0, message)])
        })
    });
    let _running = bench.call(third).await;
    bench.input.settled_at_least(1).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.iter().map(|(attempt, _)| *attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!((1_000..1_100).contains(&seen[1].1), "{seen:?}");
    assert!((3_000..3_200).contains(&seen[2].1), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn the_broker_s_count_of_attempts_goes_on() {
    let bench = Bench::new(Executor::current());
    bench.input.push_tried(Message::new("bad"), 2);
    let _running = bench.call(fails(Class::Transient)).await;
    bench.input.settled_at_least(1).await;
    assert_eq!(bench.dead.published()[0].headers.text("x-failure-attempts"), Some("3"));
}

#[tokio::test(start_paused = true)]
async fn without_dead_letters_the_binding_stops_at_the_message_and_says_so() {
    let mut bench = Bench::new(Executor::current());
    bench.plan.policy = policy(2, false);
    bench.input.push(["a", "bad", "b", "c"].map(Message::new));
    let mut running = bench.call(fails(Class::Transient)).await;
    let error = running.ended().await.unwrap_err();
    let text = error.to_string();
    for part in ["binding `in`", "in/0@1", "boom", "dead_letter = true", "on_exhausted"] {
        assert!(text.contains(part), "{text}");
    }
    let acked: Vec<_> = bench.input.settlements();
    let acked: Vec<_> = acked
        .iter()
        .filter(|(_, what)| *what == Settlement::Ack)
        .map(|(tag, _)| tag.sequence)
        .collect();
    assert_eq!(acked, [0]);
    assert_eq!(bench.input.committed(0), 1);
    assert!(bench.input.closed());
}

#[tokio::test(start_paused = true)]
async fn drop_must_be_asked_for() {
    let mut bench = Bench::new(Executor::current());
    bench.plan.policy = policy(1, false);
    bench.plan.policy.drop_exhausted = true;
    bench.input.push(["a", "bad", "b"].map(Message::new));
    let _running = bench.call(fails(Class::Transient)).await;
    bench.input.settled_at_least(3).await;
    assert_eq!(texts(&bench.first.published()), ["a", "b"]);
    assert_eq!(bench.dead.published_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn s15_05_the_source_is_not_settled_before_its_dead_letter_is_confirmed() {
    let bench = Bench::new(Executor::current());
    let refuse = || Error::new(ErrorKind::Unroutable, "no such queue");
    let _dead = bench.dead.clone().refuse(4, |_| true, refuse);
    bench.input.push([Message::new("bad"), Message::new("b")]);
    let _running = bench.call(fails(Class::Permanent)).await;
    bench.input.settled_at_least(2).await;
    assert_eq!(bench.dead.refused(), 4);
    assert_eq!(bench.dead.published_count(), 1);
    assert_eq!(texts(&bench.first.published()), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_hung_call_costs_its_deadline_and_nobody_else() {
    let mut bench = Bench::new(Executor::current());
    bench.plan.deadline = Some(Duration::from_secs(30));
    bench.plan.policy = policy(1, true);
    bench.plan.concurrency = 2;
    bench.input = bench.input.partitions(2);
    bench.input.push_to(0, [Message::new("bad")]);
    bench.input.push_to(1, (0..100).map(|i| Message::new(i.to_string())));
    let start = Instant::now();
    let _running = bench.call(fails(Class::Deadline)).await;
    bench.input.settled_at_least(100).await;
    assert!(start.elapsed() < Duration::from_secs(1));
    bench.input.settled_at_least(101).await;
    assert!(start.elapsed() >= Duration::from_secs(30));
    assert!(start.elapsed() < Duration::from_secs(31), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn headers_of_the_input_are_copied_to_outputs_and_dead_letters() {
    let bench = Bench::new(Executor::current());
    bench.input.push(["a", "bad"].map(|text| Message::new(text).with_header("run", "r1")));
    let _running = bench.call(fails(Class::Permanent)).await;
    bench.input.settled_at_least(2).await;
    assert_eq!(bench.first.published()[0].headers.text("run"), Some("r1"));
    assert_eq!(bench.dead.published()[0].headers.text("run"), Some("r1"));
    let _forward = forward();
}
