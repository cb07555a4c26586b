//! What becomes of messages that never become a step.

use std::sync::{Arc, Mutex};

use futures::{Stream, StreamExt, future, stream};

use super::rig::Running;
use crate::function::error::Error;
use crate::function::failure::Class;
use crate::function::message::Message;
use crate::function::messages::Messages;
use crate::function::state::State;
use crate::function::step::Step;
use crate::input;

#[input("in", crate = crate)]
fn forgets(messages: Messages<u64>) -> impl Stream<Item = Step<()>> {
    messages.filter_map(|message| future::ready((*message.payload() > 1).then(|| message.skip())))
}

#[test]
fn a_message_that_is_dropped_has_failed() {
    let mut running = Running::new::<forgets, _>((), &["1", "2"]);
    assert_eq!(running.step().0, [1]);
    let (id, class, _) = running.failed().remove(0);
    assert_eq!((id, class), (0, Class::Dropped));
}

#[input("in", crate = crate)]
fn forgets_steps(messages: Messages<u64>) -> impl Stream<Item = Step<()>> {
    messages.filter_map(|message| {
        let step =
            message.try_map(|n| if n == 1 { Err(Error::msg("one").permanent()) } else { Ok(()) });
        drop(step);
        future::ready(None)
    })
}

#[test]
fn a_step_that_is_dropped_has_failed_with_its_own_error_if_it_has_one() {
    let mut running = Running::new::<forgets_steps, _>((), &["1", "2"]);
    assert!(running.next().is_pending());
    let failed: Vec<_> = running.failed().into_iter().map(|(id, class, _)| (id, class)).collect();
    assert_eq!(failed, [(0, Class::Permanent), (1, Class::Dropped)]);
    assert_eq!(running.failed()[0].2, "one");
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Message<u64>>>>);

#[input("in", crate = crate)]
fn keeps(messages: Messages<u64>, State(kept): State<Kept>) -> impl Stream<Item = Step<()>> {
    messages.filter_map(move |message| {
        kept.0.lock().unwrap().push(message);
        future::ready(None)
    })
}

#[test]
fn a_message_that_is_kept_has_not_failed_yet() {
    let kept = Kept::default();
    let mut running = Running::new::<keeps, _>(kept.clone(), &["1", "2"]);
    assert!(running.next().is_pending());
    assert_eq!(running.failed(), []);
    drop(kept.0.lock().unwrap().remove(0));
    assert_eq!(running.failed().len(), 1);
    let message = kept.0.lock().unwrap().remove(0);
    assert_eq!((*message.payload(), message.id()), (2, "shop.orders/3@1".into()));
    assert_eq!(message.into_payload(), 2);
    assert_eq!(running.failed().len(), 2, "the payload alone settles nothing");
}

#[input("in", crate = crate)]
fn buffers(messages: Messages<u64>) -> impl Stream<Item = Step<()>> {
    messages.map(|message| message.and_then(|_| future::pending())).buffer_unordered(8)
}

#[test]
fn what_a_stream_holds_when_it_is_dropped_has_failed() {
    let mut running = Running::new::<buffers, _>((), &["1", "2"]);
    assert!(running.next().is_pending());
    assert_eq!(running.failed(), []);
    let failed = running.abandon();
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|(_, class, _)| *class == Class::Dropped));
}

#[input("in", crate = crate)]
fn ends(messages: Messages<u64>) -> impl Stream<Item = Step<()>> {
    drop(messages);
    stream::empty()
}

#[test]
fn a_stream_may_end_early_and_a_test_may_make_messages() {
    let mut running = Running::new::<ends, _>((), &["1"]);
    assert!(running.next().is_ready());
    let message = Message::new(1).with_key("k").with_header("a", "b");
    assert_eq!(message.headers().text("a"), Some("b"));
    assert_eq!(message.key().map(|key| key.as_ref()), Some(&b"k"[..]));
    assert_eq!((message.attempt(), message.id().as_ref()), (1, ""));
    assert!(message.position().is_none());
    let joined = Message::join(vec![message, Message::new(2)]);
    assert_eq!(joined.headers().text("a"), Some("b"), "of the first");
    assert_eq!(*joined.payload(), [1, 2]);
    assert_eq!(Message::<u8>::join(vec![]).payload().len(), 0);
}
