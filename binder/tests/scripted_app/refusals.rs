//! What keeps an application from starting.

use binder::LaunchError;
use binder::prelude::*;
use binder_core::{Error, ErrorKind};
use binder_testkit::script::ScriptEvent;
use futures::stream;

use crate::bench::{Bench, Order, settle_down};

#[stream_emitter]
#[output("orders")]
fn shop() -> impl Stream<Item = Order> {
    stream::iter([Order { id: 1 }])
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

fn app() -> App {
    App::new(()).bind(listeners![bill, book]).emit(emitters![shop])
}

fn destinations() -> Bench {
    Bench::new()
        .set("bindings.orders.destination=shop.orders")
        .set("bindings.invoices.destination=shop.invoices")
}

fn denied() -> Error {
    Error::new(ErrorKind::Auth, "access denied")
}

/// Why it did not start; nothing of it is left.
async fn refusal(bench: &Bench, app: App) -> String {
    let Err(error) = bench.start(app).await else { panic!("it started") };
    assert!(matches!(error, LaunchError::Refused(_)), "{error:?}");
    settle_down().await;
    nothing_is_left(bench);
    error.to_string()
}

fn nothing_is_left(bench: &Bench) {
    for destination in ["shop.orders", "shop.invoices", "orders", "invoices"] {
        assert!(!bench.input(destination).bound(), "the input of {destination} is still bound");
        let (bound, dropped) = (
            ScriptEvent::BoundOutput(destination.to_owned()),
            ScriptEvent::DroppedOutput(destination.to_owned()),
        );
        let events = bench.binder.events();
        let count = |event| events.iter().filter(|other| **other == event).count();
        assert_eq!(count(bound), count(dropped), "an output of {destination} is still bound");
        assert_eq!(bench.published(destination), []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_input_names_binder_binding_destination_and_cause() {
    let bench = destinations();
    bench.input("shop.invoices").refuse_bind(denied());
    let text = refusal(&bench, app()).await;
    let expected =
        "binder `scripted`, binding `invoices`, destination `shop.invoices`: access denied";
    assert_eq!(text, expected);
}

#[tokio::test(start_paused = true)]
async fn a_refused_output_does_so_too() {
    let bench = destinations();
    bench.binder.output("shop.orders").refuse_bind(denied());
    let text = refusal(&bench, app()).await;
    let expected = "binder `scripted`, binding `orders`, destination `shop.orders`: access denied";
    assert_eq!(text, expected);
}

#[tokio::test(start_paused = true)]
async fn a_refused_dead_letter_destination_names_that_destination() {
    let bench = destinations().set("bindings.orders.dead_letter=dead");
    bench.binder.output("dead").refuse_bind(denied());
    let text = refusal(&bench, app()).await;
    let expected = "binder `scripted`, binding `orders`, destination `dead`: access denied";
    assert_eq!(text, expected);
}

#[tokio::test(start_paused = true)]
async fn a_refused_topology_binds_nothing() {
    let bench = destinations();
    let error = Error::new(ErrorKind::Topology, "has 4 partitions, 8 are requested");
    bench.binder.refuse_provision(error.at_destination("shop.orders"));
    let text = refusal(&bench, app()).await;
    assert!(text.starts_with("binder `scripted`, destination `shop.orders`: has 4"), "{text}");
    assert_eq!(bench.binder.events(), []);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_ends_before_it_is_assigned_is_a_refusal() {
    let bench = destinations();
    bench.input("shop.invoices").assigned_late().fail(denied());
    let text = refusal(&bench, app()).await;
    let expected =
        "binder `scripted`, binding `invoices`, destination `shop.invoices`: access denied";
    assert_eq!(text, expected);
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_does_not_fit_binds_nothing() {
    for (assignment, words) in [
        ("default_binder=rabbit", ["rabbit", "scripted"]),
        ("bindings.orders.grup=x", ["bindings.orders.grup", "`group`"]),
        ("bindings.ordres.group=x", ["ordres", "orders"]),
        ("default_binder=kafka", ["kafka", "feature"]),
    ] {
        let bench = Bench::new().set(assignment);
        let text = refusal(&bench, app()).await;
        assert!(words.iter().all(|word| text.contains(word)), "{assignment}: {text}");
        assert_eq!(bench.binder.events(), [], "{assignment}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_bound_twice_is_refused_by_name() {
    let bench = Bench::new();
    let text = refusal(&bench, app().bind(listeners![book])).await;
    assert!(text.contains("`book`") && text.contains("twice"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn state_that_cannot_be_made_is_the_application_s_failure_and_leaves_nothing_bound() {
    #[stream_listener]
    #[input("orders")]
    async fn count(_: Order, State(_count): State<u64>) {}

    #[stream_emitter]
    #[output("invoices")]
    fn counts(State(count): State<u64>) -> impl Stream<Item = u64> {
        stream::iter([count])
    }

    let bench = Bench::new();
    let app = App::<u64>::from_fn(|| async { Err(binder::Error::msg("no database")) })
        .bind(listeners![count])
        .emit(emitters![counts]);
    let Err(LaunchError::Failed(error)) = bench.start(app).await else { panic!("it started") };
    assert_eq!(error.to_string(), "no database");
    settle_down().await;
    nothing_is_left(&bench);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_given_up_leaves_nothing_bound() {
    let bench = Bench::new();
    bench.input("invoices").assigned_late();
    tokio::select! {
        _ = bench.start(app()) => panic!("started although one input is not assigned"),
        () = settle_down() => {}
    }
    settle_down().await;
    nothing_is_left(&bench);
}

#[tokio::test(start_paused = true)]
async fn an_emitter_that_panics_when_it_is_called_is_the_application_s_failure() {
    #[stream_emitter]
    #[output("orders")]
    fn broken() -> impl Stream<Item = Order> {
        let text = std::fs::read_to_string("no/such/file").expect("the orders");
        stream::iter([Order { id: text.len() as u64 }])
    }

    let bench = Bench::new();
    let app = App::new(()).bind(listeners![bill, book]).emit(emitters![broken]);
    let Err(LaunchError::Failed(error)) = bench.start(app).await else { panic!("it started") };
    let text = error.to_string();
    assert!(text.contains("`broken`") && text.contains("the orders"), "{text}");
    settle_down().await;
    nothing_is_left(&bench);
}

#[tokio::test(start_paused = true)]
async fn functions_that_run_together_have_to_be_there() {
    let bench = Bench::new();
    let text = refusal(&bench, app().together(["book", "bok"])).await;
    assert!(text.contains("`bok`") && text.contains("`book`"), "{text}");
}
