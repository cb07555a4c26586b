use binder::prelude::*;

#[stream_listener]
#[input("in")]
struct Order;

#[input("in")]
mod orders {}

#[output("out")]
#[stream_emitter]
const BEAT: u8 = 1;

#[enable_binding]
struct Main;

fn main() {}
