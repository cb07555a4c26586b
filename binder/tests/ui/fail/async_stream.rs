use binder::prelude::*;

#[stream_listener]
#[input("in")]
async fn stream(messages: Messages<u8>) -> impl Stream<Item = Step<()>> {
    messages.map(|message| message.map(|_| ()))
}

#[stream_emitter]
#[output("out")]
async fn emitter() -> impl Stream<Item = u8> {
    futures::stream::empty()
}

fn main() {
    let _ = App::new(()).bind(listeners![stream]).emit(emitters![emitter]);
}
