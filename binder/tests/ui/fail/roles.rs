use binder::prelude::*;

#[stream_emitter]
#[input("in")]
#[output("out")]
fn emitter_with_input() -> impl Stream<Item = u8> {
    futures::stream::empty()
}

#[stream_listener]
#[stream_emitter]
#[output("out")]
fn both() -> impl Stream<Item = u8> {
    futures::stream::empty()
}

fn main() {
    let _ = App::new(()).emit(emitters![emitter_with_input, both]);
}
