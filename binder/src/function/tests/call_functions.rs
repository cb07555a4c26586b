//! Functions that are called per message: arguments, errors and the reuse of a slot.

#![allow(clippy::needless_pass_by_value, reason = "a listener owns what it is called with")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use binder_core::Headers;
use bytes::Bytes;

use super::rig::{call, call_once, context, failure, message, slot, start, texts};
use crate::function::call::Call;
use crate::function::error::{Classify, Error, Result};
use crate::function::extract::{Attempt, FromCall, Key};
use crate::function::failure::Class;
use crate::function::message::Message;
use crate::function::outputs::Outputs;
use crate::function::state::{FromRef, State, Stateless};
use crate::{input, output, stream_listener};

#[input("in", crate = crate)]
#[output("out")]
fn double(n: u64) -> u64 {
    n * 2
}

#[input("in", crate = crate)]
#[output("out")]
fn describe(
    message: Message<Bytes>,
    headers: Headers,
    key: Key,
    Attempt(attempt): Attempt,
) -> String {
    assert_eq!(message.headers(), &headers);
    assert_eq!(message.key(), key.bytes());
    assert_eq!(message.attempt(), attempt);
    format!(
        "{:?} {:?} {:?} {} {attempt}",
        message.payload(),
        headers.text("run"),
        key.text(),
        message.id(),
    )
}

#[test]
fn the_payload_is_decoded_and_what_cannot_be_is_undecodable() {
    assert_eq!(texts(call::<double>(&message("21"))), [(0, "42".to_owned())]);
    let (class, cause) = failure::<double>(&message("\"x\""));
    assert_eq!(class, Class::Undecodable);
    assert!(cause.contains("line 1 column 3"), "{cause}");
}

#[test]
fn extractors_see_the_message() {
    let told = |message| texts(call::<describe>(message)).remove(0).1;
    let plain = message("x").with_key("k").with_header("run", "r");
    assert_eq!(told(&plain), r#""b\"x\" Some(\"r\") Some(\"k\") shop.orders/3@17 2""#);
    let mut named = message("x");
    named.id = Some("id-1".into());
    assert_eq!(told(&named), r#""b\"x\" None None id-1 2""#);
}

#[derive(Clone)]
struct Shop {
    calls: Counter,
}

#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl FromRef<Shop> for Counter {
    fn from_ref(shop: &Shop) -> Self {
        shop.calls.clone()
    }
}

#[input("in", crate = crate)]
async fn count(_: u64, State(counter): State<Counter>) {
    counter.0.fetch_add(1, Ordering::Relaxed);
}

#[input("in", crate = crate)]
fn count_in_all(_: u64, shop: State<Shop>) {
    shop.calls.0.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn state_and_parts_of_it_are_shared_by_all_calls() {
    let shop = Shop { calls: Counter::default() };
    let mut one = slot::<count, _>(shop.clone());
    let mut other = slot::<count_in_all, _>(shop.clone());
    for slot in [&mut one, &mut other] {
        assert!(call_once(slot.as_mut(), &message("1")).is_ready());
        assert!(call_once(slot.as_mut(), &message("2")).is_ready());
    }
    assert_eq!(shop.calls.0.load(Ordering::Relaxed), 4);
}

struct Tenant(String);

impl FromCall for Tenant {
    type State = Stateless;

    fn from_call(call: &Call<'_>, _: Stateless) -> Result<Self> {
        let tenant = call.message.headers.text("tenant").ok_or("no tenant").permanent()?;
        Ok(Self(tenant.to_owned()))
    }
}

#[input("in", crate = crate)]
#[output("out")]
fn of_tenant(_: u64, tenant: Tenant) -> String {
    tenant.0
}

#[test]
fn an_own_extractor_may_fail_the_message() {
    let known = message("1").with_header("tenant", "a");
    assert_eq!(texts(call::<of_tenant>(&known)), [(0, "\"a\"".to_owned())]);
    let (class, cause) = failure::<of_tenant>(&message("1"));
    assert_eq!((class, cause.as_str()), (Class::Permanent, "no tenant"));
}

#[input("in", crate = crate)]
async fn fails(how: String) -> Result<()> {
    match how.as_str() {
        "permanent" => Err("broken").permanent(),
        "standard" => {
            let _: u64 = "x".parse()?;
            Ok(())
        }
        other => Err(Error::msg(other)),
    }
}

#[test]
fn an_error_has_the_class_it_was_given() {
    let fail = |how| failure::<fails>(&message(how));
    assert_eq!(fail("\"permanent\""), (Class::Permanent, "broken".to_owned()));
    assert_eq!(fail("\"busy\""), (Class::Transient, "busy".to_owned()));
    let invalid = "invalid digit found in string".to_owned();
    assert_eq!(fail("\"standard\""), (Class::Transient, invalid));
}

#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<usize>>>);

/// Records where its future lies, and whether it was dropped.
#[stream_listener(crate = crate)]
#[input("in")]
async fn waits(times: u64, State(trace): State<Trace>) {
    let held = Held(trace.clone());
    for _ in 0..times {
        let mut is_first = true;
        std::future::poll_fn(|_| {
            if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
    trace.0.lock().unwrap().push(std::ptr::from_ref(&held).addr());
}

struct Held(Trace);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().push(0);
    }
}

#[test]
fn a_slot_is_used_again_at_the_same_place() {
    let trace = Trace::default();
    let mut slot = slot::<waits, _>(trace.clone());
    for _ in 0..3 {
        assert!(call_once(slot.as_mut(), &message("1")).is_pending());
        assert!(slot.poll(&mut context(), &mut Outputs::new()).is_ready());
    }
    let trace = trace.0.lock().unwrap();
    assert_eq!(trace.len(), 6, "each future was dropped once");
    assert!(trace.chunks(2).all(|call| call == [trace[0], 0]), "one place: {trace:?}");
}

#[test]
fn a_cleared_slot_has_dropped_its_call_and_takes_another() {
    let trace = Trace::default();
    let mut slot = slot::<waits, _>(trace.clone());
    start(slot.as_mut(), &message("1")).unwrap();
    assert!(slot.poll(&mut context(), &mut Outputs::new()).is_pending());
    slot.clear();
    assert_eq!(*trace.0.lock().unwrap(), [0]);
    assert!(call_once(slot.as_mut(), &message("0")).is_ready());
    let unstarted = slot.poll(&mut context(), &mut Outputs::new());
    assert!(matches!(unstarted, Poll::Ready(Err(failure)) if failure.class == Class::Dropped));
}
