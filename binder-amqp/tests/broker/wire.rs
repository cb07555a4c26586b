//! What stands on the wire, seen by another client.

use binder_amqp::{KEY_HEADER, NULL_PAYLOAD_HEADER};
use binder_core::Message;
use lapin::options::BasicGetOptions;
use lapin::types::AMQPValue;

use crate::support::{Input, Output, binder, input, numbers, output, raw, unique};

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_message_is_written_as_spring_writes_it() {
    let (binder, name) = (binder(), unique("wire"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    let message = Message::new("{}").with_key("k").with_header("x-in", "v");
    output.publish(vec![message, Message { key: Some("gone".into()), ..Message::default() }]).await;

    let (_connection, channel) = raw().await;
    let queue = format!("{name}.g");
    let get = || channel.basic_get(queue.as_str().into(), BasicGetOptions::default());
    let first = get().await.unwrap().unwrap().delivery;
    assert_eq!((first.exchange.as_str(), first.routing_key.as_str()), (&*name, &*name));
    let properties = &first.properties;
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert!(properties.timestamp().is_some());
    assert!(!properties.message_id().as_ref().unwrap().as_str().is_empty());
    let headers = properties.headers().as_ref().unwrap().inner();
    assert_eq!(headers["x-in"], AMQPValue::LongString("v".into()));
    assert_eq!(headers[KEY_HEADER], AMQPValue::LongString("k".into()));
    assert_eq!(headers.len(), 2);

    let second = get().await.unwrap().unwrap().delivery;
    assert_ne!(second.properties.message_id(), properties.message_id());
    let headers = second.properties.headers().as_ref().unwrap().inner();
    assert_eq!(headers[NULL_PAYLOAD_HEADER], AMQPValue::Boolean(true));
    assert!(second.data.is_empty());
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_message_comes_back_as_it_went() {
    let (binder, name) = (binder(), unique("round"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    let mut rich = Message::new(&[0_u8, 255][..])
        .with_key(&[1_u8, 254][..])
        .with_header("binary", &[0_u8, 159, 146, 150][..])
        .with_header("text", "Grüße");
    rich.headers.push("void", None);
    rich.id = Some("order-1".into());
    rich.content_type = Some("application/octet-stream".into());
    rich.timestamp = Some(1_700_000_000_000);
    let mut tombstone = Message { key: Some("gone".into()), ..rich.clone() };
    tombstone.payload = None;
    let mut empty = rich.clone();
    empty.payload = Some("".into());
    let sent = vec![rich, tombstone, empty];
    output.publish(sent.clone()).await;
    let mut input = Input::bind(&binder, &input(&name, "g")).await;
    let came: Vec<_> = input.take(3).await.into_iter().map(|delivery| delivery.message).collect();
    assert_eq!(came, sent);
}

#[tokio::test]
#[ignore = "needs RabbitMQ: cargo xtask test runs it"]
async fn a_thousand_messages_at_once_all_arrive_in_order() {
    let (binder, name) = (binder(), unique("burst"));
    let output = Output::bind(&binder, &output(&name, &["g"])).await;
    let mut input = Input::bind(&binder, &input(&name, "g")).await;
    let messages = (0..1_000).map(crate::support::numbered).collect();
    let (came, ()) = tokio::join!(input.take(1_000), output.publish(messages));
    assert_eq!(numbers(&came), (0..1_000).collect::<Vec<_>>());
    input.settle(&came);
    input.close().await;
}
