use binder::prelude::*;

#[stream_listener]
fn no_input(_: u8) {}

#[stream_listener]
#[output("out")]
fn output_without_input(n: u8) -> u8 {
    n
}

#[output("out")]
fn output_alone(n: u8) -> u8 {
    n
}

#[stream_emitter]
fn no_output() -> impl Stream<Item = u8> {
    futures::stream::empty()
}

#[stream_listener]
#[input("in")]
fn no_parameter() {}

#[stream_listener]
#[input("in")]
fn no_messages() -> impl Stream<Item = Step<()>> {
    futures::stream::empty()
}

fn main() {
    let _ = App::new(())
        .bind(listeners![no_input, output_without_input, output_alone, no_parameter, no_messages])
        .emit(emitters![no_output]);
}
