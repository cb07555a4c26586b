use binder::prelude::*;

type Fallible = Result<u8>;

#[stream_listener]
#[input("in")]
async fn value(n: u8) -> u8 {
    n
}

#[stream_listener]
#[input("in")]
fn alias(n: u8) -> Fallible {
    Ok(n)
}

#[stream_listener]
#[input("in")]
fn stream(messages: Messages<u8>) -> impl Stream<Item = Step<u8>> {
    messages.map(|message| message.map(|n| n))
}

fn main() {
    let _ = App::new(()).bind(listeners![value, alias, stream]);
}
