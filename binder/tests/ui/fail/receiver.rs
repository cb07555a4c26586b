use binder::prelude::*;

struct Shop;

impl Shop {
    #[stream_listener]
    #[input("in")]
    async fn bill(&self, _: u8) {}
}

fn main() {}
