use binder::prelude::*;

struct Db;

#[stream_listener]
#[input("in")]
async fn listener(_: u8, _: Db) {}

#[stream_listener]
#[input("in")]
fn stream(messages: Messages<u8>, _: Headers) -> impl Stream<Item = Step<()>> {
    messages.map(|message| message.map(|_| ()))
}

#[stream_emitter]
#[output("out")]
fn emitter(_: Key) -> impl Stream<Item = u8> {
    futures::stream::empty()
}

fn main() {
    let _ = App::new(()).bind(listeners![listener, stream]).emit(emitters![emitter]);
}
