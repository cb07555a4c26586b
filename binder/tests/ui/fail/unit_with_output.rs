use binder::prelude::*;

type Unit = ();

#[stream_listener]
#[input("in")]
#[output("out")]
async fn unit(_: u8) {}

#[stream_listener]
#[input("in")]
#[output("out")]
fn result(_: u8) -> Result<()> {
    Ok(())
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn alias(_: u8) -> Unit {}

#[stream_listener]
#[input("in")]
#[output("out")]
fn option(_: u8) -> Option<()> {
    None
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn stream(messages: Messages<u8>) -> impl Stream<Item = Step<()>> {
    messages.map(|message| message.map(|_| ()))
}

#[stream_listener]
#[input("in")]
#[output("a", "b")]
fn element(n: u8) -> (u8, ()) {
    (n, ())
}

fn main() {
    let _ = App::new(()).bind(listeners![unit, result, alias, option, stream, element]);
}
