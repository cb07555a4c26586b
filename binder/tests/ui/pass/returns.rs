//! Every form of return, plain and behind an alias.

use std::future::Future;

use binder::prelude::*;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Item;

#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

#[stream_listener]
#[input("in")]
async fn nothing(_: Item) {}

#[stream_listener]
#[input("in")]
async fn nothing_or_error(_: Item) -> Result<()> {
    Ok(())
}

#[stream_listener]
#[input("in")]
async fn nothing_or_text(_: Item) -> std::result::Result<(), String> {
    Err("text".to_owned())
}

#[stream_listener]
#[input("in")]
async fn nothing_or_boxed(
    _: Item,
) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Err("text".into())
}

#[stream_listener]
#[input("in")]
#[output("out")]
async fn one(item: Item) -> Item {
    item
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn one_sync(item: Item) -> Item {
    item
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn one_future(item: Item) -> impl Future<Output = Option<Item>> + Send {
    std::future::ready(Some(item))
}

#[stream_listener]
#[input("in")]
#[output("out")]
async fn raw(payload: Bytes) -> Bytes {
    payload
}

#[stream_listener]
#[input("in")]
#[output("out")]
async fn text(text: String) -> &'static str {
    drop(text);
    "text"
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn out(item: Item) -> Out<Item> {
    Out::new(item).key("k").header("name", "value").header("n".to_owned(), vec![1_u8])
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn out_of_a_list(item: Item) -> Out<Vec<Item>> {
    Out::new(vec![item])
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn option(item: Item) -> Option<Item> {
    Some(item)
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn option_out(item: Item) -> Option<Out<Bytes>> {
    drop(item);
    None
}

#[stream_listener]
#[input("in")]
#[output("out")]
async fn many(item: Item) -> Vec<Item> {
    vec![item]
}

#[stream_listener]
#[input("in")]
#[output("out")]
async fn many_out(item: Item) -> std::result::Result<Vec<Out<Item>>, Broken> {
    drop(item);
    Err(Broken)
}

#[stream_listener]
#[input("in")]
#[output("a", "b", "c", "d")]
async fn tuple(item: Item) -> Result<(Item, Option<Out<Item>>, Vec<Bytes>, Out<(u8, u8)>)> {
    Ok((item, None, vec![], Out::new((1, 2))))
}

type Both<A, B> = (A, B);
type Fallible<T> = std::result::Result<T, Broken>;
type Maybe<T> = Option<T>;
type List<T> = Vec<T>;
type Raw = Bytes;
type Unit = ();

#[stream_listener]
#[input("in")]
#[output("a", "b")]
async fn aliases(raw: Raw) -> Fallible<Both<Maybe<Out<Raw>>, List<Item>>> {
    Ok((Some(Out::new(raw)), vec![]))
}

#[stream_listener]
#[input("in")]
fn alias_of_nothing(raw: Raw) -> Fallible<Unit> {
    drop(raw);
    Ok(())
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn alias_of_one(raw: Raw) -> Fallible<Maybe<Item>> {
    drop(raw);
    Ok(None)
}

fn main() {
    let _ = App::new(()).bind(listeners![
        nothing,
        nothing_or_error,
        nothing_or_text,
        nothing_or_boxed,
        one,
        one_sync,
        one_future,
        raw,
        text,
        out,
        out_of_a_list,
        option,
        option_out,
        many,
        many_out,
        tuple,
        aliases,
        alias_of_nothing,
        alias_of_one,
    ]);
}
