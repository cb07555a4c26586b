use binder::prelude::*;

#[derive(Clone)]
struct AppState;

#[derive(Clone)]
struct Db;

#[stream_listener]
#[input("in")]
async fn listener(_: u8, State(_): State<Db>) {}

#[stream_listener]
#[input("in")]
fn stream(messages: Messages<u8>, _: State<Db>) -> impl Stream<Item = Step<()>> {
    messages.map(|message| message.map(|_| ()))
}

#[stream_emitter]
#[output("out")]
fn emitter(_: State<Db>) -> impl Stream<Item = u8> {
    futures::stream::empty()
}

fn main() {
    let _ = App::new(AppState).bind(listeners![listener]);
    let _ = App::new(AppState).bind(listeners![stream]);
    let _ = App::new(AppState).emit(emitters![emitter]);
}
