use binder::prelude::*;

#[stream_listener]
#[input("in")]
async fn any<T>(_: T) {}

#[stream_listener]
#[input("in")]
fn borrowed<'a>(_: &'a str) {}

#[stream_listener]
#[input("in")]
fn opaque(_: impl Send) {}

#[stream_listener]
#[input("in")]
fn references(_: &str, _: &Headers) {}

fn main() {
    let _ = App::new(()).bind(listeners![any, borrowed, opaque, references]);
}
