use binder::prelude::*;
use serde::Serialize;

#[derive(Serialize)]
struct NoError;

type Outcome<T> = std::result::Result<T, NoError>;

#[stream_listener]
#[input("in")]
#[output("out")]
async fn plain(n: u8) -> std::result::Result<u8, NoError> {
    Ok(n)
}

#[stream_listener]
#[input("in")]
#[output("out")]
async fn alias(n: u8) -> Outcome<u8> {
    Ok(n)
}

#[stream_listener]
#[input("in")]
async fn without_output(_: u8) -> Outcome<()> {
    Ok(())
}

#[stream_listener]
#[input("in")]
#[output("out")]
fn stream(messages: Messages<u8>) -> impl Stream<Item = Step<Outcome<u8>>> {
    messages.map(|message| message.map(Ok))
}

fn main() {
    let _ = App::new(()).bind(listeners![plain, alias, without_output, stream]);
}
