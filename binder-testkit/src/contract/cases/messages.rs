//! What a message keeps on its way.

use binder_core::message::DEFAULT_CONTENT_TYPE;
use binder_core::{Headers, Message};
use bytes::Bytes;

use crate::contract::case::{Case, case};
use crate::contract::cases::message;
use crate::contract::compare::{Failure, Verdict, equal, same, texts};
use crate::contract::scene::Scene;

pub(super) const CASES: &[Case] = &[
    case!(c02_send_receive_payload_headers_content_type),
    case!(c02_send_receive_payload_sizes),
    case!(c02_send_receive_null_payload),
    case!(c02_send_receive_id_and_timestamp),
    case!(c02_send_receive_repeated_and_null_headers),
    case!(c04_topic_isolation),
];

/// Sends messages and gives them as they came.
async fn sent(scene: &Scene, messages: &[Message]) -> Verdict<Vec<Message>> {
    let (writer, mut reader, _) = scene.pipe("orders").await?;
    writer.publish(messages.iter().cloned()).await?;
    let came = reader.take_and_settle(messages.len()).await?;
    equal("how many messages came", &messages.len(), &came.len())?;
    reader.close().await?;
    Ok(came.into_iter().map(|delivery| delivery.message).collect())
}

async fn sent_one(scene: &Scene, message: &Message) -> Verdict<Message> {
    let came = sent(scene, std::slice::from_ref(message)).await?;
    came.into_iter().next().ok_or_else(|| Failure::new("no message came"))
}

type Header = (Bytes, Option<Bytes>);

fn list(headers: &Headers) -> Vec<Header> {
    headers.iter().map(|(name, value)| (name.clone(), value.cloned())).collect()
}

/// The headers of those names, in the order of names: brokers add some, and some sort them.
fn those_of(found: &Headers, names: &Headers) -> Vec<Header> {
    let mut headers = list(found);
    headers.retain(|(name, _)| names.iter().any(|(other, _)| other == name));
    headers.sort();
    headers
}

async fn c02_send_receive_payload_headers_content_type(scene: Scene) -> Verdict {
    let mut rich = message("{\"order\":1}")
        .with_header("text", "Grüße")
        .with_header("Case", "kept")
        .with_header("binary", &[0_u8, 159, 146, 150][..])
        .with_header("empty", "");
    rich.content_type = Some("text/plain; charset=utf-8".into());
    let plain = message("[]");
    let came = sent(&scene, &[rich.clone(), plain.clone()]).await?;
    for (sent, came) in [&rich, &plain].into_iter().zip(&came) {
        equal("the payload", &sent.payload, &came.payload)?;
        equal("the key", &sent.key, &came.key)?;
        let headers = those_of(&sent.headers, &sent.headers);
        equal("the headers", &headers, &those_of(&came.headers, &sent.headers))?;
    }
    equal("the content type", &rich.content_type, &came[0].content_type)?;
    let default = came[1].content_type.as_deref().unwrap_or(DEFAULT_CONTENT_TYPE.as_bytes());
    equal("the content type of none", &DEFAULT_CONTENT_TYPE.as_bytes(), &default)
}

async fn c02_send_receive_payload_sizes(scene: Scene) -> Verdict {
    let sizes = [0, 1, 255, 256, 65_536, 500_000];
    let filled = |size: usize| -> Bytes { (0..size).map(|i| (i % 251) as u8).collect() };
    let messages = sizes.map(|size| Message::new(filled(size)).with_key("key"));
    let came = sent(&scene, &messages).await?;
    let length = |message: &Message| message.payload.as_ref().map(Bytes::len);
    equal("the sizes", &sizes.map(Some).to_vec(), &came.iter().map(length).collect())?;
    for (sent, came) in messages.iter().zip(&came) {
        if sent.payload != came.payload {
            let size = length(sent);
            return Err(Failure::new(format!("the bytes of a payload of size {size:?} differ")));
        }
    }
    Ok(())
}

async fn c02_send_receive_null_payload(scene: Scene) -> Verdict {
    let tombstone = Message { key: Some("key".into()), ..Message::default() };
    let came = sent_one(&scene, &tombstone).await?;
    equal("the payload", &tombstone.payload, &came.payload)?;
    equal("the key", &tombstone.key, &came.key)
}

async fn c02_send_receive_id_and_timestamp(scene: Scene) -> Verdict {
    let mut sent = message("dated");
    sent.id = Some("order-1".into());
    // Whole seconds, which is all that some brokers keep.
    sent.timestamp = Some(1_700_000_000_000);
    let came = sent_one(&scene, &sent).await?;
    equal("the id", &sent.id, &came.id)?;
    equal("the timestamp", &sent.timestamp, &came.timestamp)
}

async fn c02_send_receive_repeated_and_null_headers(scene: Scene) -> Verdict {
    let mut sent = message("headed").with_header("trace", "1").with_header("a", "between");
    sent.headers.push("null", None);
    sent.headers.push("trace", Some("2".into()));
    let came = sent_one(&scene, &sent).await?;
    let mut headers = list(&came.headers);
    headers.retain(|(name, _)| sent.headers.iter().any(|(other, _)| other == name));
    equal("the headers in order", &list(&sent.headers), &headers)
}

/// What is sent to one destination is read from no other.
async fn c04_topic_isolation(scene: Scene) -> Verdict {
    let (one, mut one_read, _) = scene.pipe("one").await?;
    let (two, mut two_read, _) = scene.pipe("two").await?;
    one.publish(["one-a", "one-b"].map(message)).await?;
    two.publish(["two-a"].map(message)).await?;
    one.publish([message("end")]).await?;
    two.publish([message("end")]).await?;
    let came = one_read.take_until("end").await?;
    same("the first destination", &["one-a".into(), "one-b".into()], &texts(&came))?;
    let came = two_read.take_until("end").await?;
    same("the second destination", &["two-a".into()], &texts(&came))
}
