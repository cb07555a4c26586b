//! Both directions of the mapping.

use super::*;

const FRAME: usize = 131_072;

fn sent(message: &Message) -> lapin::BasicProperties {
    outbound(message, || "made".into(), 1_700_000_000, FRAME).unwrap().properties
}

fn came(message: &Message) -> Message {
    let body = message.payload.as_deref().unwrap_or_default().to_vec();
    inbound(&sent(message), body).0
}

#[test]
fn a_message_comes_as_it_was_sent() {
    let mut message = Message::new("{}")
        .with_key(&[0_u8, 255][..])
        .with_header("binary", &[0_u8, 159, 146, 150][..])
        .with_header("text", "Grüße");
    message.headers.push("void", None);
    message.id = Some("order-1".into());
    message.content_type = Some("text/plain".into());
    message.timestamp = Some(1_600_000_000_000);
    assert_eq!(came(&message), message);
}

#[test]
fn what_is_not_set_is_still_written() {
    let properties = sent(&Message::new("x"));
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "made");
    assert_eq!(*properties.timestamp(), Some(1_700_000_000));
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert!(properties.headers().is_none());
}

#[test]
fn k11_a_null_payload_is_not_an_empty_one() {
    let tombstone = Message { key: Some("k".into()), ..Message::default() };
    let came_back = came(&tombstone);
    assert_eq!((came_back.payload, came_back.key), (None, Some("k".into())));
    assert_eq!(came(&Message::new("")).payload, Some(Bytes::new()));
}

#[test]
fn repeated_names_come_back_repeated_in_the_order_of_names() {
    let mut message = Message::new("x").with_header("b", "1").with_header("a", "2");
    message.headers.push("b", None);
    message.headers.push("b", Some("3".into()));
    let came = came(&message).headers;
    let came: Vec<_> = came.iter().map(|(name, value)| (name.clone(), value.cloned())).collect();
    let value = |text: &'static str| Some(Bytes::from(text));
    let expected: [(Bytes, Option<Bytes>); 4] = [
        ("a".into(), value("2")),
        ("b".into(), value("1")),
        ("b".into(), None),
        ("b".into(), value("3")),
    ];
    assert_eq!(came, expected);
}

#[test]
fn an_applications_header_is_not_taken_for_one_of_ours() {
    let message = Message::new("x")
        .with_header(KEY_HEADER, "forged")
        .with_header(NULL_PAYLOAD_HEADER, "true")
        .with_header("x-delivery-count", "9");
    let (came, earlier) = inbound(&sent(&message), b"x".to_vec());
    assert_eq!(came.key, None);
    assert_eq!(came.payload, Some("x".into()));
    assert_eq!(earlier, 0);
}

#[test]
fn q08_other_types_are_read_as_text() {
    let mut death = FieldTable::default();
    death.insert("count".into(), AMQPValue::LongLongInt(1));
    death.insert("reason".into(), AMQPValue::LongString("a \"b\"\n".into()));
    let mut table = FieldTable::default();
    for (name, value) in [
        ("bool", AMQPValue::Boolean(true)),
        ("int", AMQPValue::LongInt(-7)),
        ("time", AMQPValue::Timestamp(1_700_000_000)),
        ("bytes", AMQPValue::ByteArray(vec![1, 2].into())),
        ("x-death", AMQPValue::FieldArray(vec![AMQPValue::FieldTable(death)].into())),
        ("x-delivery-count", AMQPValue::LongLongInt(3)),
    ] {
        table.insert(name.into(), value);
    }
    let properties = lapin::BasicProperties::default().with_headers(table);
    let (message, earlier) = inbound(&properties, Vec::new());
    assert_eq!(earlier, 3);
    for (name, text) in [
        ("bool", "true"),
        ("int", "-7"),
        ("time", "1700000000"),
        ("bytes", "\u{1}\u{2}"),
        ("x-death", "[{\"count\":1,\"reason\":\"a \\\"b\\\"\\u000a\"}]"),
    ] {
        assert_eq!(message.headers.text(name), Some(text), "{name}");
    }
    assert_eq!(message.headers.len(), 5);
}

#[test]
fn what_amqp_cannot_carry_is_refused_for_good() {
    let mut id = Message::new("x");
    id.id = Some(Bytes::from_static(&[255]));
    let mut content_type = Message::new("x");
    content_type.content_type = Some("x".repeat(256).into());
    let name = Message::new("x").with_header(&[255_u8][..], "v");
    let headers = Message::new("x").with_header("large", vec![b'v'; FRAME]);
    for message in [id, content_type, name, headers] {
        let error = outbound(&message, String::new, 0, FRAME).err().unwrap();
        assert!(!error.is_transient(), "{error}");
    }
}
