use binder::prelude::*;

fn plain(_: u8) {}

#[stream_listener]
#[input("in")]
fn listener(_: u8) {}

#[stream_emitter]
#[output("out")]
fn emitter() -> impl Stream<Item = u8> {
    futures::stream::empty()
}

fn main() {
    let _ = App::new(()).bind(listeners![plain]);
    let _ = App::new(()).bind(listeners![emitter]);
    let _ = App::new(()).emit(emitters![listener]);
}
