//! Every form of what a function may return, and what arrives at its outputs.

use binder::prelude::*;
use binder::{Exit, Registered};
use binder_core::{Settlement, message as wire};

use crate::bench::{Bench, Order, broken, count, order, texts};

/// What one message has led to.
#[derive(Debug)]
struct Outcome {
    first: Vec<wire::Message>,
    second: Vec<wire::Message>,
    dead: Vec<wire::Message>,
}

impl Outcome {
    fn texts(&self) -> (Vec<String>, Vec<String>) {
        (texts(&self.first), texts(&self.second))
    }
}

/// One message through one function, which is tried once.
async fn of(listener: Vec<Registered<()>>, message: wire::Message) -> Outcome {
    let bench =
        Bench::new().set("bindings.in.dead_letter=dead").set("bindings.in.retry.max_attempts=1");
    let input = bench.input("in");
    input.push([message]);
    let running = bench.listen(listener).await;
    input.settled_at_least(1).await;
    assert_eq!(count(&input, Settlement::Ack), 1);
    assert_eq!(running.stop().await, Exit::Drained);
    let published = |destination| bench.published(destination);
    Outcome { first: published("first"), second: published("second"), dead: published("dead") }
}

fn nothing() -> (Vec<String>, Vec<String>) {
    (Vec::new(), Vec::new())
}

fn sent(first: &[&str], second: &[&str]) -> (Vec<String>, Vec<String>) {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    (texts(first), texts(second))
}

#[stream_listener]
#[input("in")]
async fn sink(_: Order) {}

#[stream_listener]
#[input("in")]
fn plain_sink(_: Order) {}

#[tokio::test(start_paused = true)]
async fn nothing_sends_nothing() {
    assert_eq!(of(listeners![sink], order(1)).await.texts(), nothing());
    assert_eq!(of(listeners![plain_sink], order(1)).await.texts(), nothing());
}

#[stream_listener]
#[input("in")]
#[output("first")]
async fn value(order: Order) -> Order {
    Order { id: order.id + 1 }
}

#[output("first")]
#[input("in")]
#[stream_listener]
fn plain_value(order: Order) -> u64 {
    order.id + 1
}

#[tokio::test(start_paused = true)]
async fn a_value_is_one_message_of_json_and_a_function_need_not_be_async() {
    let outcome = of(listeners![value], order(1)).await;
    assert_eq!(outcome.texts(), sent(&[r#"{"id":2}"#], &[]));
    assert_eq!(outcome.first[0].content_type, None, "JSON goes without saying");
    assert_eq!(of(listeners![plain_value], order(1)).await.texts(), sent(&["2"], &[]));
    assert_eq!(value(Order { id: 7 }).await.id, 8, "a function is still a function");
}

#[stream_listener]
#[input("in")]
#[output("first")]
async fn even(order: Order) -> Option<Order> {
    order.id.is_multiple_of(2).then_some(order)
}

#[tokio::test(start_paused = true)]
async fn an_option_is_one_message_or_none() {
    assert_eq!(of(listeners![even], order(2)).await.texts(), sent(&[r#"{"id":2}"#], &[]));
    assert_eq!(of(listeners![even], order(3)).await.texts(), nothing());
}

#[stream_listener]
#[input("in")]
#[output("first")]
async fn up_to(order: Order) -> Vec<u64> {
    (0..order.id).collect()
}

#[tokio::test(start_paused = true)]
async fn a_vec_is_as_many_messages_in_order() {
    assert_eq!(of(listeners![up_to], order(3)).await.texts(), sent(&["0", "1", "2"], &[]));
    assert_eq!(of(listeners![up_to], order(0)).await.texts(), nothing());
}

#[stream_listener]
#[input("in")]
#[output("first", "second")]
async fn split(order: Order) -> (Option<Order>, Vec<Out<u64>>) {
    let copies = (0..order.id).map(|i| Out::new(i).key(format!("k{i}"))).collect();
    (order.id.is_multiple_of(2).then_some(order), copies)
}

#[tokio::test(start_paused = true)]
async fn a_tuple_has_an_element_for_each_output_of_any_form() {
    let outcome = of(listeners![split], order(2)).await;
    assert_eq!(outcome.texts(), sent(&[r#"{"id":2}"#], &["0", "1"]));
    assert_eq!(outcome.second[1].key.as_deref(), Some(&b"k1"[..]));
    assert_eq!(of(listeners![split], order(1)).await.texts(), sent(&[], &["0"]));
    assert_eq!(of(listeners![split], order(0)).await.texts(), sent(&[r#"{"id":0}"#], &[]));
}

type Answer = Result<(Order, Option<u64>)>;

#[stream_listener]
#[input("in")]
#[output("first", "second")]
async fn small(order: Order) -> Answer {
    let small: u8 = u8::try_from(order.id).permanent()?;
    Ok((order, small.checked_add(1).map(u64::from)))
}

#[stream_listener]
#[input("in")]
async fn picky(order: Order) -> Result<(), std::num::TryFromIntError> {
    u8::try_from(order.id).map(drop)
}

#[tokio::test(start_paused = true)]
async fn a_result_is_what_is_in_it_or_a_failure_behind_an_alias_too() {
    let good = of(listeners![small], order(1)).await;
    assert_eq!(good.texts(), sent(&[r#"{"id":1}"#], &["2"]));
    assert!(good.dead.is_empty());
    let bad = of(listeners![small], order(300)).await;
    assert_eq!(bad.texts(), nothing());
    assert_eq!(texts(&bad.dead), [r#"{"id":300}"#]);
    assert_eq!(bad.dead[0].headers.text("x-failure-class"), Some("permanent"));
    let cause = bad.dead[0].headers.text("x-failure-cause");
    assert_eq!(cause, Some("out of range integral type conversion attempted"));
    assert!(of(listeners![picky], order(1)).await.dead.is_empty());
    let picked = of(listeners![picky], order(300)).await;
    assert_eq!(picked.dead[0].headers.text("x-failure-class"), Some("error"));
}

#[stream_listener]
#[input("in")]
#[output("first")]
async fn dressed(order: Order) -> Out<Order> {
    Out::new(order).key("k").header("origin", "shop").content_type("application/vnd.order+json")
}

#[tokio::test(start_paused = true)]
async fn an_out_has_key_headers_and_content_type_of_its_own() {
    let outcome = of(listeners![dressed], order(1).with_key("input")).await;
    let message = &outcome.first[0];
    assert_eq!(message.key.as_deref(), Some(&b"k"[..]));
    assert_eq!(message.headers.text("origin"), Some("shop"));
    assert_eq!(message.content_type.as_deref(), Some(&b"application/vnd.order+json"[..]));
}

#[stream_listener]
#[input("in")]
#[output("first")]
async fn raw(payload: Bytes) -> Bytes {
    payload
}

#[tokio::test(start_paused = true)]
async fn bytes_pass_as_they_are_and_say_so() {
    let outcome = of(listeners![raw], wire::Message::new(&b"\x00\xff no json"[..])).await;
    assert_eq!(outcome.first[0].payload.as_deref(), Some(&b"\x00\xff no json"[..]));
    let content_type = outcome.first[0].content_type.as_deref();
    assert_eq!(content_type, Some(&b"application/octet-stream"[..]));
}

#[tokio::test(start_paused = true)]
async fn r06_what_cannot_be_decoded_is_a_dead_letter_and_the_function_does_not_see_it() {
    for message in [broken(), wire::Message::default()] {
        let payload = message.payload.clone();
        let outcome = of(listeners![value], message).await;
        assert_eq!(outcome.texts(), nothing());
        assert_eq!(outcome.dead[0].payload, payload);
        assert_eq!(outcome.dead[0].headers.text("x-failure-class"), Some("undecodable"));
    }
}

#[stream_listener]
#[input("in")]
#[output("first")]
async fn unwritable(order: Order) -> std::collections::HashMap<Vec<u64>, u64> {
    [(vec![order.id], 1)].into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_encoded_is_a_dead_letter_of_its_source() {
    let outcome = of(listeners![unwritable], order(1)).await;
    assert_eq!(outcome.texts(), nothing());
    assert_eq!(texts(&outcome.dead), [r#"{"id":1}"#]);
    let cause = outcome.dead[0].headers.text("x-failure-cause").unwrap();
    assert!(cause.contains("cannot be written as JSON"), "{cause}");
}

/// An id that cannot be written when it is 1, and says so in the middle of writing.
struct Moody(u64);

impl serde::Serialize for Moody {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(None)?;
        list.serialize_element(&self.0)?;
        assert_ne!(self.0, 1, "not one");
        list.end()
    }
}

#[stream_listener]
#[input("in")]
#[output("first")]
async fn moody(order: Order) -> Moody {
    Moody(order.id)
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_an_output_is_written_spoils_no_other_output() {
    let bench =
        Bench::new().set("bindings.in.dead_letter=dead").set("bindings.in.retry.max_attempts=1");
    let input = bench.input("in");
    input.push((0..4).map(order));
    let running = bench.listen(listeners![moody]).await;
    input.settled_at_least(4).await;
    running.stop().await;
    assert_eq!(bench.texts("first"), ["[0]", "[2]", "[3]"]);
    assert_eq!(bench.texts("dead"), [r#"{"id":1}"#]);
}
