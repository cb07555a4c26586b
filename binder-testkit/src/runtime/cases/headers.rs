//! Which headers go on from input to output.

use binder::prelude::*;
use binder_core::Message;

use super::message;
use crate::contract::case::{Case, case};
use crate::contract::compare::{Failure, Verdict, ensure, equal, text};
use crate::contract::reader::Reader;
use crate::contract::scene::Scene;
use crate::runtime::stage::Stage;

pub(super) const CASES: &[Case] = &[case!(c45_only_application_headers_go_on)];

#[stream_listener]
#[input("orders")]
#[output("invoices")]
async fn pass_on(order: Bytes) -> Result<Out<Bytes>> {
    match &order[..] {
        b"1" => Ok(Out::new(order).header("app-own", "output")),
        _ => Err(binder::Error::msg("not one").permanent()),
    }
}

/// Reads the dead letters of the other function.
#[stream_listener]
#[input("failed")]
#[output("filed")]
async fn file(letter: Bytes) -> Bytes {
    letter
}

async fn one(reader: &mut Reader) -> Verdict<Message> {
    let came = reader.take_and_settle(1).await?.pop();
    came.map(|delivery| delivery.message).ok_or_else(|| Failure::new("no output came"))
}

fn check(what: &str, found: &Message, own: &str) -> Verdict {
    let texts = |name: &str| -> Vec<String> {
        let values = found.headers.iter().filter(|(other, _)| *other == name);
        values
            .map(|(_, value)| String::from_utf8_lossy(value.map_or(&[][..], |v| v)).into())
            .collect()
    };
    equal(&format!("`app-run` of {what}"), &vec!["r".to_owned()], &texts("app-run"))?;
    equal(&format!("`app-own` of {what}"), &vec![own.to_owned()], &texts("app-own"))?;
    let leaked: Vec<_> = found
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with(b"x-original-") || name.starts_with(b"x-failure-"))
        .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
        .collect();
    ensure(leaked.is_empty(), || format!("{what} has {leaked:?}"))?;
    let content_type = found.content_type.as_deref().unwrap_or_default();
    equal(&format!("the content type of {what}"), &&b"application/octet-stream"[..], &content_type)
}

/// Those of the application, once each, under what the output says itself; not what told of the
/// delivery, the payload or a failure.
async fn c45_only_application_headers_go_on(scene: Scene) -> Verdict {
    let stage = Stage::new(scene, &["orders", "invoices", "filed"]).await?;
    let dead = stage.destination("dead")?;
    let stage = stage.dead_letters("orders", 1)?.set(format!("bindings.failed.destination={dead}"));
    let mut invoices = stage.reader("invoices").await?;
    let mut filed = stage.reader("filed").await?;
    let app = App::new(()).bind(listeners![pass_on, file]);
    let running = stage.start("shop", app).await?;
    let dressed = |id: usize| {
        let mut message = message(id)
            .with_header("app-run", "r")
            .with_header("app-own", "input")
            .with_header("x-failure-cause", "of an earlier life");
        message.content_type = Some("text/plain".into());
        message
    };
    stage.writer("orders").await?.publish([dressed(1), dressed(2)]).await?;
    let (invoice, letter) = (one(&mut invoices).await?, one(&mut filed).await?);
    stage.stop(running).await?;
    equal("the output", &"1".to_owned(), &text(&invoice))?;
    check("the output", &invoice, "output")?;
    equal("what became of the dead letter", &"2".to_owned(), &text(&letter))?;
    check("what became of the dead letter", &letter, "input")
}
