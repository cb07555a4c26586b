//! `--only`: a part of the application in this process.

use binder::prelude::*;
use binder::{Launch, LaunchError, Running};
use futures::stream;

use crate::bench::{Bench, Order};

#[stream_emitter]
#[output("orders")]
fn shop() -> impl Stream<Item = Order> {
    stream::empty()
}

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn bill(order: Order) -> Order {
    order
}

#[stream_listener]
#[input("invoices")]
async fn book(_: Order) {}

#[stream_listener]
#[input("invoices")]
async fn audit(_: Order) {}

fn app() -> App {
    let listeners = listeners![bill, book, audit];
    App::new(()).bind(listeners).emit(emitters![shop]).together(["book", "audit"])
}

async fn started(only: &[&str]) -> Result<(Bench, Running), LaunchError> {
    let bench = only.iter().fold(Bench::new(), |bench, name| bench.only(name));
    // Each group has an input of its own, so that both can be bound.
    for group in ["shop.book", "shop.audit"] {
        let _input = bench.binder.input_of("invoices", group);
    }
    let running = bench.start(app()).await?;
    Ok((bench, running))
}

fn bound(bench: &Bench) -> Vec<&'static str> {
    let mut bound = Vec::new();
    let inputs = [
        ("bill", bench.input("orders")),
        ("book", bench.binder.input_of("invoices", "shop.book")),
        ("audit", bench.binder.input_of("invoices", "shop.audit")),
    ];
    bound.extend(inputs.iter().filter(|(_, input)| input.bound()).map(|(name, _)| *name));
    if bench.binder.output("orders").spec().is_some() {
        bound.push("shop");
    }
    bound
}

#[tokio::test(start_paused = true)]
async fn only_runs_what_is_named_and_what_has_to_run_with_it() {
    for (only, expected) in [
        (&[][..], &["bill", "book", "audit", "shop"][..]),
        (&["bill"], &["bill"]),
        (&["shop", "bill"], &["bill", "shop"]),
        (&["audit"], &["book", "audit"]),
    ] {
        let (bench, running) = started(only).await.unwrap();
        assert_eq!(bound(&bench), expected, "{only:?}");
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_no_function_has_is_refused_with_those_there_are() {
    let error = started(&["bil"]).await.err().unwrap();
    assert!(matches!(error, LaunchError::Refused(_)));
    let text = error.to_string();
    for word in ["`bil`", "`bill`", "`book`", "`audit`", "`shop`", "--only"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_binder_that_processes_do_not_share_cannot_be_cut() {
    let cut = |only: &str| Launch {
        name: "shop".to_owned(),
        sources: binder::config::Sources {
            set: vec!["default_binder=memory".to_owned()],
            directory: env!("CARGO_TARGET_TMPDIR").into(),
            ..Default::default()
        },
        only: vec![only.to_owned()],
        executor: binder::Executor::current(),
    };
    for (only, missing) in
        [("bill", "leaves out `shop`, the writer"), ("shop", "`bill`, the reader")]
    {
        let error = cut(only).start(app()).await.err().unwrap();
        assert!(matches!(error, LaunchError::Refused(_)));
        assert!(error.to_string().contains(missing), "{error}");
    }
}
