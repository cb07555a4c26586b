//! One input that reads several destinations.

use binder::Destination;
use binder::prelude::*;

use super::{ids, message};
use crate::contract::case::{Case, case};
use crate::contract::compare::{Failure, Verdict, equal, same, same_in_any_order, text, texts};
use crate::contract::scene::Scene;
use crate::runtime::probe::Probe;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] = &[case!(c03_an_input_reads_several_destinations)];

/// The last part of a destination's name, which a case knows it by.
fn short(destination: &Destination) -> &str {
    destination.as_str().rsplit('.').next().unwrap_or_default()
}

/// With a key, so that outputs stay in order.
fn said(from: &str, order: u64) -> Out<Bytes> {
    Out::new(Bytes::from(format!("{from} {order}"))).key("key")
}

/// Says where each number is from; sevens cannot be handled.
#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn gather(order: u64, from: Destination, State(probe): State<Probe>) -> Result<Out<Bytes>> {
    probe.called(order, 1);
    if order % 10 == 7 {
        return Err(binder::Error::msg("a seven").permanent());
    }
    Ok(said(short(&from), order))
}

/// The same as a stream, for a group of its own.
#[stream_listener]
#[input("orders")]
#[output("copies")]
fn copy(orders: Messages<u64>) -> impl Stream<Item = Step<Out<Bytes>>> {
    orders.map(|order| {
        let from = order.position().map(|at| short(at.destination()).to_owned());
        order.map(|order| said(&from.unwrap_or_default(), order))
    })
}

const EACH: usize = 20;

/// What comes out of both destinations, in the order of each.
fn expected(leave_out: Option<usize>) -> [Vec<String>; 2] {
    let of = |name: &str, range: std::ops::Range<usize>| {
        let kept = range.filter(|id| leave_out.is_none_or(|out| id % 10 != out));
        kept.map(|id| format!("{name} {id}")).collect()
    };
    [of("orders", 0..EACH), of("returns", EACH..2 * EACH)]
}

/// Messages of one key keep their order in each destination; how the two mix is nobody's promise.
fn check(what: &str, expected: &[Vec<String>; 2], found: &[String]) -> Verdict {
    for (expected, name) in expected.iter().zip(["orders ", "returns "]) {
        let of: Vec<_> = found.iter().filter(|text| text.starts_with(name)).cloned().collect();
        same(&format!("{what} of {name}"), expected, &of)?;
    }
    equal(what, &expected.iter().map(Vec::len).sum::<usize>(), &found.len())
}

/// Each function sees the messages of both and where each is from, a dead letter says so too, and
/// what is settled of either does not come again.
async fn c03_an_input_reads_several_destinations(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["invoices", "copies"]).await?;
    let both = [stage.destination("orders")?, stage.destination("returns")?];
    let stage = stage
        .dead_letters("orders", 1)?
        .set(format!("bindings.orders.destination={}", both.join(",")));
    let (mut invoices, mut copies) =
        (stage.reader("invoices").await?, stage.reader("copies").await?);
    let mut dead = stage.reader("dead").await?;
    let app = |probe: &Probe| App::new(probe.clone()).bind(listeners![gather, copy]);
    let running = stage.start("shop", app(&Probe::default())).await?;
    let (orders, returns) = (stage.writer("orders").await?, stage.writer("returns").await?);
    orders.publish((0..EACH).map(message)).await?;
    returns.publish((EACH..2 * EACH).map(message)).await?;
    let billed = texts(&invoices.take_and_settle(2 * EACH - 4).await?);
    check("invoices", &expected(Some(7)), &billed)?;
    check("copies", &expected(None), &texts(&copies.take_and_settle(2 * EACH).await?))?;
    let mut buried = Vec::new();
    for letter in dead.take_and_settle(4).await? {
        let from = letter.message.headers.text("x-original-destination");
        let from = from.ok_or_else(|| Failure::new("a dead letter of nowhere"))?;
        buried.push(format!("{} {from}", text(&letter.message)));
    }
    let [first, second] = &both;
    let from = |id: usize| if id < EACH { first } else { second };
    let letters = [7, 17, 27, 37].map(|id| format!("{id} {}", from(id)));
    same_in_any_order("dead letters", &letters, &buried)?;
    stage.stop(running).await?;

    let then = Probe::default();
    let running = stage.start("shop", app(&then)).await?;
    orders.publish([message(50)]).await?;
    returns.publish([message(51)]).await?;
    stage.within("a message of the first", then.called_with(50)).await?;
    stage.within("a message of the second", then.called_with(51)).await?;
    stage.stop(running).await?;
    same_in_any_order("what comes after a restart", &ids(50..52), &then.ids())
}
