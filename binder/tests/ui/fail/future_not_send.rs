use binder::prelude::*;

use std::rc::Rc;

async fn pause() {}

#[stream_listener]
#[input("in")]
async fn listener(_: u8) {
    let shared = Rc::new(1);
    pause().await;
    drop(shared);
}

#[stream_listener]
#[input("in")]
fn stream(messages: Messages<u8>) -> impl Stream<Item = Step<()>> {
    let shared = Rc::new(1);
    messages.map(move |message| message.map(|_| drop(shared.clone())))
}

fn main() {
    let _ = App::new(()).bind(listeners![listener, stream]);
}
