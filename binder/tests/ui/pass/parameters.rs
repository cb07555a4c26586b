//! Every form of parameter.

use binder::prelude::*;
use binder::{Call, FromCall, Stateless};
use bytes::Bytes;
use serde::Deserialize;

#[derive(Deserialize)]
struct Item;

#[derive(Clone)]
struct Db;

#[derive(Clone)]
struct AppState {
    db: Db,
}

impl FromRef<AppState> for Db {
    fn from_ref(state: &AppState) -> Self {
        state.db.clone()
    }
}

struct Tenant;

impl FromCall for Tenant {
    type State = Stateless;

    fn from_call(call: &Call<'_>, _: Stateless) -> Result<Self> {
        call.message.headers.text("tenant").map(|_| Self).ok_or("no tenant").permanent()
    }
}

struct Session;

impl FromCall for Session {
    type State = Db;

    fn from_call(_: &Call<'_>, _: Db) -> Result<Self> {
        Ok(Self)
    }
}

type Payload = Bytes;
type Letter<T> = Message<T>;

#[input("in")]
fn payload(_: Item) {}

#[input("in")]
fn message(message: Message<Item>) {
    let _ = (message.id().len(), message.key().is_some(), message.headers().len());
}

#[input("in")]
fn message_of_bytes(_: Letter<Payload>) {}

#[input("in")]
async fn everything(
    _: Item,
    State(_): State<Db>,
    whole: State<AppState>,
    headers: Headers,
    key: Key,
    Attempt(attempt): Attempt,
    _: Tenant,
    _: Session,
) -> Result<()> {
    let _ = (&whole.db, headers.len(), key.text(), key.bytes(), attempt);
    Ok(())
}

#[input("in")]
#[output("out")]
fn stream(messages: Messages<Item>, State(_): State<Db>) -> impl Stream<Item = Step<Out<u8>>> {
    messages.map(|message| message.map(|_| Out::new(1)))
}

#[input("in")]
#[output("out")]
fn any_stream(messages: impl Stream<Item = Message<Payload>>) -> impl Stream<Item = Step<u8>> {
    messages.map(|message| message.map(|_| 1))
}

#[stream_emitter]
#[output("out")]
fn emitter(State(_): State<Db>, _: State<AppState>) -> impl Stream<Item = u8> {
    futures::stream::empty()
}

fn main() {
    let _ = App::new(AppState { db: Db })
        .bind(listeners![payload, message, message_of_bytes, everything, stream, any_stream])
        .emit(emitters![emitter]);
}
