use binder::prelude::*;

#[stream_listener]
#[input("in")]
#[output("out")]
fn values(messages: Messages<u8>) -> impl Stream<Item = u8> {
    messages.map(Message::into_payload)
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn no_stream(messages: Messages<u8>) -> u8 {
    drop(messages);
    1
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn step_per_message(message: Message<u8>) -> Step<u8> {
    message.map(|n| n)
}

#[stream_emitter]
#[output("out")]
fn emitter() -> Vec<u8> {
    vec![]
}

fn main() {
    let _ =
        App::new(()).bind(listeners![values, no_stream, step_per_message]).emit(emitters![emitter]);
}
