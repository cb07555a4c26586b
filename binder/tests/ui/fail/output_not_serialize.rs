use binder::prelude::*;

struct Invoice;

#[stream_listener]
#[input("in")]
#[output("out")]
async fn value(_: u8) -> Invoice {
    Invoice
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn inside(_: u8) -> Result<Vec<Out<Invoice>>> {
    Ok(vec![])
}

#[stream_listener]
#[input("in")]
#[output("a", "b")]
fn tuple(n: u8) -> (u8, Option<Invoice>) {
    (n, None)
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn stream(messages: Messages<u8>) -> impl Stream<Item = Step<Invoice>> {
    messages.map(|message| message.map(|_| Invoice))
}

#[stream_emitter]
#[output("out")]
fn emitter() -> impl Stream<Item = Invoice> {
    futures::stream::empty()
}

fn main() {
    let _ = App::new(()).bind(listeners![value, inside, tuple, stream]);
}
