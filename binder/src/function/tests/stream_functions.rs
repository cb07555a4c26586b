//! Stream functions: steps, and what they settle.

use std::task::Poll;

use futures::{Stream, StreamExt};

use super::rig::{Running, texts};
use crate::function::error::{Classify, Error, Result};
use crate::function::failure::Class;
use crate::function::message::Message;
use crate::function::messages::Messages;
use crate::function::state::State;
use crate::function::step::Step;
use crate::{input, output};

#[input("in", crate = crate)]
#[output("out")]
fn totals(messages: Messages<u64>, State(start): State<u64>) -> impl Stream<Item = Step<u64>> {
    let mut sum = start;
    messages.map(move |message| {
        message.try_map(|n| {
            if n == 13 {
                return Err(Error::msg("unlucky").permanent());
            }
            sum += n;
            Ok(sum)
        })
    })
}

#[test]
fn a_step_settles_its_message_whether_it_went_well_or_not() {
    let mut running = Running::new::<totals, _>(100, &["1", "13", "x", "2"]);
    let (ids, sent) = running.step();
    assert_eq!((ids, texts(sent)), (vec![0], vec![(0, "101".to_owned())]));
    let (ids, sent) = running.step();
    let failure = sent.unwrap_err();
    assert_eq!(
        (ids, failure.class, failure.cause.as_str()),
        (vec![1], Class::Permanent, "unlucky")
    );
    let (ids, sent) = running.step();
    assert_eq!((ids, texts(sent)), (vec![3], vec![(0, "103".to_owned())]));
    let failed = running.failed();
    assert_eq!((failed.len(), failed[0].0, failed[0].1), (1, 2, Class::Undecodable));
    assert!(running.next().is_pending());
    running.end();
    assert!(matches!(running.next(), Poll::Ready(None)));
    running.feed("5");
    assert!(matches!(running.next(), Poll::Ready(None)), "an end is an end");
    assert_eq!(running.abandon().len(), 1);
}

#[input("in", crate = crate)]
#[output("out")]
fn windows(messages: Messages<u64>) -> impl Stream<Item = Step<Out>> {
    messages.chunks(3).map(|window| {
        let joined = Message::join(window);
        assert_eq!(joined.id(), joined.position().unwrap().to_string());
        joined.map(Out::new)
    })
}

type Out = crate::Out<Vec<u64>>;

#[test]
fn joined_messages_are_settled_together() {
    let mut running = Running::new::<windows, _>((), &["1", "2", "3", "4"]);
    let (ids, sent) = running.step();
    assert_eq!((ids, texts(sent)), (vec![0, 1, 2], vec![(0, "[1,2,3]".to_owned())]));
    assert!(running.next().is_pending());
    running.end();
    let (ids, sent) = running.step();
    assert_eq!((ids, texts(sent)), (vec![3], vec![(0, "[4]".to_owned())]));
}

#[input("in", crate = crate)]
fn failing_windows(messages: Messages<u64>) -> impl Stream<Item = Step<()>> {
    messages.chunks(2).map(|window| Message::join(window).try_map(|_| Err("no").permanent()))
}

#[test]
fn a_failed_join_fails_all_its_messages() {
    let mut running = Running::new::<failing_windows, _>((), &["1", "2"]);
    let (ids, sent) = running.step();
    assert_eq!((ids, sent.unwrap_err().class), (vec![0, 1], Class::Permanent));
}

#[input("in", crate = crate)]
#[output("out")]
fn skips_odd(messages: Messages<u64>) -> impl Stream<Item = Step<u64>> {
    messages.map(|message| match message.payload() % 2 {
        0 => message.map(|n| n),
        _ => message.skip(),
    })
}

#[test]
fn a_skipped_message_is_settled_and_sends_nothing() {
    let mut running = Running::new::<skips_odd, _>((), &["1", "2"]);
    let (ids, sent) = running.step();
    assert_eq!((ids, texts(sent)), (vec![0], vec![]));
    let (ids, sent) = running.step();
    assert_eq!((ids, texts(sent)), (vec![1], vec![(0, "2".to_owned())]));
}

#[input("in", crate = crate)]
#[output("out")]
fn later(messages: impl Stream<Item = Message<u64>> + Send) -> impl Stream<Item = Step<u64>> {
    messages.then(|message| {
        message.and_then(|n| async move {
            futures::future::ready(()).await;
            if n == 0 { Err(Error::msg("zero")) } else { Ok(n) }
        })
    })
}

#[test]
fn an_async_step_settles_too() {
    let mut running = Running::new::<later, _>((), &["5", "0"]);
    let (ids, sent) = running.step();
    assert_eq!((ids, texts(sent)), (vec![0], vec![(0, "5".to_owned())]));
    let (ids, sent) = running.step();
    let failure = sent.unwrap_err();
    assert_eq!((ids, failure.class, failure.cause.as_str()), (vec![1], Class::Transient, "zero"));
}

#[input("in", crate = crate)]
#[output("a", "b")]
fn both(messages: Messages<u64>) -> impl Stream<Item = Step<Result<(u64, Option<u64>)>>> {
    messages.map(|message| {
        message.map(|n| if n == 0 { Err("zero").permanent() } else { Ok((n, None)) })
    })
}

#[test]
fn a_step_sends_what_a_call_would() {
    let mut running = Running::new::<both, _>((), &["5", "0"]);
    let (ids, sent) = running.step();
    assert_eq!((ids, texts(sent)), (vec![0], vec![(0, "5".to_owned())]));
    let (ids, sent) = running.step();
    assert_eq!((ids, sent.unwrap_err().class), (vec![1], Class::Permanent));
}
