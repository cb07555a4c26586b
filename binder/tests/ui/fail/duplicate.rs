use binder::prelude::*;

#[stream_listener(crate = binder, crate = binder)]
#[input("in")]
fn key(_: u8) {}

#[stream_listener]
#[stream_listener]
#[input("in")]
fn listener(_: u8) {}

#[input("in")]
#[input("other")]
fn input(_: u8) {}

#[input("in", "other")]
fn two_inputs(_: u8) {}

#[input("in")]
#[output("a")]
#[output("b")]
fn output(n: u8) -> u8 {
    n
}

#[input("in")]
#[output("out", "out")]
fn name(n: u8) -> (u8, u8) {
    (n, n)
}

fn main() {
    let _ = App::new(()).bind(listeners![key, listener, two_inputs, name]);
}
