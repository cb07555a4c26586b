//! Stream functions keep settlement, retry and dead letters.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use binder_core::{Message, Settlement};

use super::bench::{Bench, texts};
use crate::function::failure::{Class, Failure};
use crate::function::feed::{Fed, Feed};
use crate::function::outputs::Outputs;
use crate::function::slot::Steps;
use crate::function::token::Token;
use crate::runtime::input::Caller;
use crate::runtime::spawn::Executor;

/// Forwards in chunks; a message may panic, fail, end the stream or be dropped by its text.
struct Chunks {
    feed: Feed,
    size: usize,
    held: VecDeque<Fed>,
}

impl Steps for Chunks {
    fn poll_step(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs,
        tokens: &mut Vec<Token>,
    ) -> Poll<Option<Result<(), Failure>>> {
        while self.held.len() < self.size {
            match std::task::ready!(self.feed.poll_fed(cx)) {
                None if self.held.is_empty() => return Poll::Ready(None),
                None => break,
                Some(fed) => self.held.push_back(fed),
            }
            let text = self.held.back().and_then(|fed| fed.message.payload.clone()).unwrap();
            match text.as_ref() {
                b"panic" => panic!("at the disco"),
                b"end" => return Poll::Ready(None),
                b"drop" => drop(self.held.pop_back()),
                b"fail" => {
                    tokens.extend(self.held.pop_back().map(|fed| fed.token));
                    return Poll::Ready(Some(Err(Failure::new(Class::Transient, "busy"))));
                }
                _ => {}
            }
        }
        for fed in self.held.drain(..) {
            outputs.push(0, fed.message);
            tokens.push(fed.token);
        }
        Poll::Ready(Some(Ok(())))
    }
}

fn chunks(size: usize) -> Caller {
    let make =
        move |feed| -> Box<dyn Steps> { Box::new(Chunks { feed, size, held: VecDeque::new() }) };
    Caller::Stream(Arc::new(make))
}

fn bad(i: usize, text: &str) -> Message {
    Message::new(if i == 5 { text.to_owned() } else { i.to_string() })
}

#[tokio::test(start_paused = true)]
async fn a_chunk_settles_all_its_messages_once_its_outputs_are_confirmed() {
    let mut bench = Bench::new(Executor::current());
    bench.plan.limit.messages = 200;
    bench.input.preload(1_000, |i| Message::new(i.to_string()));
    let mut running = bench.start(chunks(100)).await;
    bench.input.settled_at_least(1_000).await;
    let expected: Vec<_> = (0..1_000).map(|i| i.to_string()).collect();
    assert_eq!(texts(&bench.first.published()), expected);
    bench.input.push([Message::new("last")]);
    bench.input.until(|input| input.unsettled() == 1).await;
    running.flow.drain(None);
    running.ended().await.unwrap();
    assert_eq!(texts(&bench.first.published()).last().map(String::as_str), Some("last"));
    assert!(bench.input.settlements().iter().all(|(_, what)| *what == Settlement::Ack));
}

#[tokio::test(start_paused = true)]
async fn s15_06_a_bad_message_ends_in_the_dead_letters_and_the_stream_lives_on() {
    for (text, class) in [
        ("panic", Class::Panic),
        ("end", Class::Dropped),
        ("drop", Class::Dropped),
        ("fail", Class::Transient),
    ] {
        for size in [1, 4] {
            let bench = Bench::new(Executor::current());
            bench.input.preload(21, |i| bad(i, text));
            let _running = bench.start(chunks(size)).await;
            bench.input.settled_at_least(21).await;
            let dead = bench.dead.published();
            assert_eq!(texts(&dead), [text], "chunks of {size}");
            assert_eq!(dead[0].headers.text("x-failure-class"), Some(class.as_str()));
            assert_eq!(dead[0].headers.text("x-failure-attempts"), Some("3"), "{text} {size}");
            let mut good = texts(&bench.first.published());
            good.sort();
            let mut expected: Vec<_> = (0..21).filter(|i| *i != 5).map(|i| i.to_string()).collect();
            expected.sort();
            assert_eq!(good, expected, "{text} in chunks of {size}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_hold_more_than_what_waits_for_it() {
    let mut bench = Bench::new(Executor::current());
    bench.plan.limit.messages = 65_536;
    bench.input.preload(60_000, |i| Message::new(i.to_string()));
    let _running = bench.start(chunks(30_000)).await;
    bench.input.settled_at_least(60_000).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_kept_outside_the_stream_is_settled_when_it_is_dropped() {
    let mut bench = Bench::new(Executor::current());
    bench.plan.policy = super::bench::policy(1, true);
    bench.input.push([Message::new("x")]);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = kept.clone();
    struct Keeps(Feed, Arc<Mutex<Vec<Fed>>>);
    impl Steps for Keeps {
        fn poll_step(
            &mut self,
            cx: &mut Context<'_>,
            _: &mut Outputs,
            _: &mut Vec<Token>,
        ) -> Poll<Option<Result<(), Failure>>> {
            while let Some(fed) = std::task::ready!(self.0.poll_fed(cx)) {
                self.1.lock().unwrap().push(fed);
            }
            Poll::Ready(None)
        }
    }
    let make = move |feed| -> Box<dyn Steps> { Box::new(Keeps(feed, keep.clone())) };
    let _running = bench.start(Caller::Stream(Arc::new(make))).await;
    bench.input.until(|input| input.unsettled() == 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1)).await; // virtual: lets the feed be polled
    assert_eq!(bench.dead.published_count(), 0);
    kept.lock().unwrap().clear();
    bench.input.settled_at_least(1).await;
    assert_eq!(bench.dead.published()[0].headers.text("x-failure-class"), Some("dropped"));
}

#[tokio::test(start_paused = true)]
async fn a_window_over_most_of_what_may_be_in_flight_goes_on() {
    struct Window(Feed, VecDeque<Fed>);
    impl Steps for Window {
        fn poll_step(
            &mut self,
            cx: &mut Context<'_>,
            outputs: &mut Outputs,
            tokens: &mut Vec<Token>,
        ) -> Poll<Option<Result<(), Failure>>> {
            while self.1.len() < 16 {
                match std::task::ready!(self.0.poll_fed(cx)) {
                    Some(fed) => self.1.push_back(fed),
                    None => return Poll::Ready(None),
                }
            }
            let Some(oldest) = self.1.pop_front() else { return Poll::Ready(None) };
            outputs.push(0, oldest.message);
            tokens.push(oldest.token);
            Poll::Ready(Some(Ok(())))
        }
    }
    let mut bench = Bench::new(Executor::current());
    bench.plan.limit.messages = 16;
    bench.input.preload(500, |i| Message::new(i.to_string()));
    let make = move |feed| -> Box<dyn Steps> { Box::new(Window(feed, VecDeque::new())) };
    let _running = bench.start(Caller::Stream(Arc::new(make))).await;
    let settled = bench.input.settled_at_least(485);
    let settled = tokio::time::timeout(std::time::Duration::from_secs(60), settled).await;
    assert!(settled.is_ok(), "only {} came through", bench.input.settled());
}

#[tokio::test(start_paused = true)]
async fn what_outlives_a_broken_stream_settles_and_charges_nothing() {
    use std::sync::atomic::{AtomicBool, Ordering};

    struct Detaches(Feed, Arc<Mutex<Vec<Fed>>>, Arc<AtomicBool>);
    impl Steps for Detaches {
        fn poll_step(
            &mut self,
            cx: &mut Context<'_>,
            outputs: &mut Outputs,
            tokens: &mut Vec<Token>,
        ) -> Poll<Option<Result<(), Failure>>> {
            while let Some(fed) = std::task::ready!(self.0.poll_fed(cx)) {
                let broken = self.2.load(Ordering::Relaxed);
                if fed.message.payload.as_deref() == Some(b"panic") && !broken {
                    self.2.store(true, Ordering::Relaxed);
                    panic!("at the disco");
                }
                if broken {
                    outputs.push(0, fed.message);
                    tokens.push(fed.token);
                    return Poll::Ready(Some(Ok(())));
                }
                self.1.lock().unwrap().push(fed);
            }
            Poll::Ready(None)
        }
    }
    let mut bench = Bench::new(Executor::current());
    bench.plan.policy = super::bench::policy(1, true);
    bench.input.push(["a", "b", "c", "panic"].map(Message::new));
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (keep, broken) = (kept.clone(), Arc::new(AtomicBool::new(false)));
    let make =
        move |feed| -> Box<dyn Steps> { Box::new(Detaches(feed, keep.clone(), broken.clone())) };
    let _running = bench.start(Caller::Stream(Arc::new(make))).await;
    bench.input.until(|input| input.unsettled() == 4).await;
    tokio::time::sleep(std::time::Duration::from_millis(1)).await; // virtual: lets the stream break
    let detached: Vec<Fed> = std::mem::take(&mut *kept.lock().unwrap());
    assert_eq!(detached.len(), 3);
    for fed in detached {
        fed.token.fail(Failure::new(Class::Permanent, "a detached task gave up"));
    }
    bench.input.settled_at_least(4).await;
    assert_eq!(texts(&bench.dead.published()), [""; 0]);
    let mut good = texts(&bench.first.published());
    good.sort();
    assert_eq!(good, ["a", "b", "c", "panic"]);
}
