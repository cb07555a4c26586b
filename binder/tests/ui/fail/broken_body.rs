use binder::prelude::*;

#[stream_listener]
#[input("in")]
#[output("out")]
async fn broken(n: u8) -> u8 {
    let m = n +;
    m
}

async fn calls_it() -> u8 {
    broken(1).await
}

fn main() {
    let _ = App::new(()).bind(listeners![broken]);
}
