use binder::prelude::*;

#[stream_listener(group = "billing")]
#[input("Orders")]
#[output("a", "a")]
async unsafe fn bill<T>(order: &T) -> impl Stream<Item = u8> {
    futures::stream::empty()
}

fn main() {}
