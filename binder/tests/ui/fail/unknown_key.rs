use binder::prelude::*;

#[stream_listener(group = "billing")]
#[input("in")]
fn listener(_: u8) {}

#[input("in", concurrency = 4)]
#[output("out", retry)]
fn names(n: u8) -> u8 {
    n
}

#[stream_listener("in")]
#[input(in)]
fn misplaced(_: u8) {}

#[stream_listener(4)]
#[input = "in"]
fn ill_formed(_: u8) {}

#[input("in" "other")]
fn no_comma(_: u8) {}

fn main() {
    let _ = App::new(()).bind(listeners![listener, names, misplaced, ill_formed, no_comma]);
}
