//! Stream functions and emitters of every shape.

use std::pin::Pin;

use binder::prelude::*;
use bytes::Bytes;
use futures::stream;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Item;

type Items = Messages<Item>;
type Steps<T> = Pin<Box<dyn Stream<Item = Step<T>> + Send>>;

#[stream_listener]
#[input("in")]
fn sink(messages: Items) -> impl Stream<Item = Step<()>> {
    messages.map(|message| message.map(|_| ()))
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn skip(messages: Items) -> impl Stream<Item = Step<Item>> + Send {
    messages.map(Message::skip)
}

#[stream_listener]
#[input("in")]
#[output("a", "b")]
fn several(messages: Messages<Item>) -> impl Stream<Item = Step<(Item, Vec<Out<Bytes>>)>> {
    messages.map(|message| message.map(|item| (item, vec![])))
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn concurrent(messages: Messages<Item>) -> impl Stream<Item = Step<Option<Item>>> {
    messages.map(|message| message.and_then(|item| async { Ok(Some(item)) })).buffer_unordered(16)
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn windows(messages: Messages<Item>) -> impl Stream<Item = Step<usize>> {
    messages.chunks(100).map(|window| Message::join(window).map(|items| items.len()))
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn fallible(messages: Messages<Item>) -> impl Stream<Item = Step<Result<Item>>> {
    messages.map(|message| message.map(Ok))
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn boxed(messages: Messages<Item>) -> Steps<u8> {
    messages.map(|message| message.map(|_| 1)).boxed()
}

#[stream_emitter]
#[output("a", "b")]
fn pairs() -> impl Stream<Item = (Option<Out<Bytes>>, Option<Item>)> {
    stream::iter([(None, Some(Item))])
}

#[stream_emitter]
#[output("out")]
fn attempts() -> impl Stream<Item = Result<Vec<Item>>> {
    stream::iter([Ok(vec![]), Err(binder::Error::msg("over"))])
}

#[stream_emitter]
#[output("out")]
fn boxed_emitter() -> Pin<Box<dyn Stream<Item = Item> + Send>> {
    stream::empty().boxed()
}

fn main() {
    let _ = App::new(())
        .bind(listeners![sink, skip, several, concurrent, windows, fallible, boxed])
        .emit(emitters![pairs, attempts, boxed_emitter]);
}
