use binder::prelude::*;

type Three = (u8, u8, u8);

#[stream_listener]
#[input("in")]
#[output("a", "b")]
async fn too_many(n: u8) -> (u8, u8, u8) {
    (n, n, n)
}

#[stream_listener]
#[input("in")]
#[output("a", "b")]
async fn alias(n: u8) -> Result<Three> {
    Ok((n, n, n))
}

#[stream_listener]
#[input("in")]
#[output("a", "b", "c")]
fn too_few(n: u8) -> (u8, u8) {
    (n, n)
}

#[stream_listener]
#[input("in")]
#[output("a", "b")]
fn no_tuple(n: u8) -> u8 {
    n
}

#[stream_listener]
#[input("in")]
#[output("a")]
fn one_output(n: u8) -> (u8, u8) {
    (n, n)
}

#[stream_emitter]
#[output("a", "b")]
fn emitter() -> impl Stream<Item = Three> {
    futures::stream::empty()
}

fn main() {
    let _ = App::new(()).bind(listeners![too_many, alias, too_few, no_tuple, one_output]);
}
