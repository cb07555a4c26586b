//! An input that is stopped and started while there is more for it, on any binder.

use std::time::Duration;

use binder::prelude::*;
use binder::{Bindings, Exit, InputState, Running};
use futures::stream;

use crate::arrivals::Arrivals;

pub(crate) const MESSAGES: usize = 4_000;

#[stream_emitter]
#[output("numbers")]
fn numbers() -> impl Stream<Item = usize> {
    stream::iter(0..MESSAGES)
}

#[stream_listener]
#[input("numbers")]
async fn count(number: usize, State(arrivals): State<Arrivals>) {
    // What has started is finished, and everything is not over at once.
    tokio::time::sleep(Duration::from_micros(100)).await;
    arrivals.add(number.to_string());
}

#[stream_listener]
#[input("numbers")]
fn stream_in_four(
    numbers: Messages<usize>,
    State(arrivals): State<Arrivals>,
) -> impl Stream<Item = Step<()>> {
    let count = move |message: Message<usize>| {
        let arrivals = arrivals.clone();
        message.and_then(|number| async move {
            tokio::time::sleep(Duration::from_micros(100)).await; // as above
            arrivals.add(number.to_string());
            Ok(())
        })
    };
    numbers.map(count).buffer_unordered(4)
}

/// With a function that is called per message, or a stream function.
pub(crate) fn app(streams: bool, arrivals: &Arrivals) -> App<Arrivals> {
    let listeners = if streams { listeners![stream_in_four] } else { listeners![count] };
    App::new(arrivals.clone()).bind(listeners).emit(emitters![numbers])
}

/// Stops and starts it several times; while it is stopped nothing arrives, and in the end
/// everything has, once.
pub(crate) async fn stop_and_start(running: Running, bindings: Bindings, arrivals: &Arrivals) {
    for part in 1..5 {
        arrivals.at_least(part * MESSAGES / 8).await;
        bindings.stop("numbers").await.unwrap();
        let stopped = arrivals.all();
        assert!(stopped < MESSAGES, "everything was handled before the stop");
        assert_eq!(bindings.list()[0].state, InputState::Stopped);
        // Long enough for a binder that delivers all the same.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(arrivals.all(), stopped);
        bindings.start("numbers").await.unwrap();
    }
    arrivals.at_least(MESSAGES).await;
    assert_eq!(running.stop().await, Exit::Drained);
    let twice: Vec<_> = arrivals.by_name().into_iter().filter(|(_, count)| *count > 1).collect();
    assert_eq!(twice, [], "what was settled came again");
    assert_eq!(arrivals.all(), MESSAGES);
}
