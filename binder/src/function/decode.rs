//! From the bytes of a payload to a value.

use std::any::{Any, type_name};

use binder_core::message as wire;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::failure::{Class, Failure};

/// What can be read from a payload: any [`DeserializeOwned`], and `Bytes` as they are.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from the payload of a message",
    label = "a payload is `Bytes` or an owned type that implements `serde::Deserialize`",
    note = "derive it: `#[derive(serde::Deserialize)]`",
    note = "the payload is the first parameter; `State<_>`, `Headers` and the like come after it"
)]
pub trait Readable: Sized {
    /// Reads the payload by the message's content type.
    ///
    /// # Errors
    ///
    /// [`Class::Undecodable`]: a null payload, a content type other than JSON, or JSON of another
    /// shape.
    fn read(message: &wire::Message) -> Result<Self, Failure>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + 'static> Readable for T {
    fn read(message: &wire::Message) -> Result<Self, Failure> {
        let Some(payload) = &message.payload else {
            return Err(undecodable("null payload".to_owned()));
        };
        let mut slot: Option<Self> = None;
        // `Bytes` is deserializable too, so only its identity tells it from the rest.
        if let Some(bytes) = (&mut slot as &mut dyn Any).downcast_mut::<Option<Bytes>>() {
            *bytes = Some(payload.clone());
        }
        if let Some(bytes) = slot {
            return Ok(bytes);
        }
        if let Some(other) = message.content_type.as_deref().filter(|name| !is_json(name)) {
            return Err(unreadable(other));
        }
        serde_json::from_slice(payload).map_err(|why| {
            undecodable(format!("the payload is no JSON of `{}`: {why}", type_name::<Self>()))
        })
    }
}

/// `application/json` or any `+json`, with parameters, quoted or not; nothing at all stands for it.
fn is_json(content_type: &[u8]) -> bool {
    let end = content_type.iter().position(|byte| *byte == b';').unwrap_or(content_type.len());
    let unquoted = |byte: &u8| !byte.is_ascii_whitespace() && *byte != b'"';
    let start = content_type[..end].iter().position(unquoted).unwrap_or(end);
    let end = content_type[..end].iter().rposition(unquoted).map_or(start, |last| last + 1);
    let essence = &content_type[start..end];
    let suffix = essence.len().checked_sub(5).map(|at| &essence[at..]);
    essence.is_empty()
        || essence.eq_ignore_ascii_case(b"application/json")
        || suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case(b"+json"))
}

#[cold]
fn unreadable(content_type: &[u8]) -> Failure {
    undecodable(format!(
        "no codec for content type `{}`; read it as `Bytes`",
        content_type.escape_ascii()
    ))
}

#[cold]
fn undecodable(why: String) -> Failure {
    Failure::new(Class::Undecodable, why)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Order {
        id: u64,
    }

    fn typed(payload: &'static str, content_type: &'static str) -> wire::Message {
        let content_type = Some(Bytes::from_static(content_type.as_bytes()));
        wire::Message { content_type, ..wire::Message::new(payload) }
    }

    fn why<T: Readable>(message: &wire::Message) -> String {
        let Err(failure) = T::read(message) else { panic!("it could be read") };
        assert_eq!(failure.class, Class::Undecodable);
        failure.cause
    }

    #[test]
    fn json_is_what_says_so_or_says_nothing() {
        let order = || wire::Message::new(r#"{"id":7}"#);
        assert_eq!(Order::read(&order()).unwrap(), Order { id: 7 });
        for name in [
            "",
            "application/json",
            "Application/JSON;charset=utf-8",
            " application/json ",
            "\"application/json\"",
            "application/vnd.shop.order+json; v=1",
        ] {
            assert_eq!(Order::read(&typed(r#"{"id":7}"#, name)).unwrap().id, 7, "{name}");
        }
        for name in ["text/plain", "application/jsonx", "json", "application/avro+jso"] {
            assert!(why::<Order>(&typed("{}", name)).contains(name));
        }
        assert!(why::<Order>(&typed("{}", "text/\u{7}")).contains("text/\\x07"));
    }

    #[test]
    fn bytes_pass_whatever_they_are() {
        let message = typed("\u{0}not json", "text/plain");
        let payload = message.payload.clone().unwrap();
        let read = Bytes::read(&message).unwrap();
        assert_eq!(read.as_ptr(), payload.as_ptr(), "no copy");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(why::<Order>(&wire::Message::default()), "null payload");
        assert_eq!(why::<Bytes>(&wire::Message::default()), "null payload");
        let text = why::<Order>(&wire::Message::new("{\n\"id\": \"x\"}"));
        assert!(text.contains("Order`") && text.contains("at line 2 column"), "{text}");
        for broken in ["", "{", "{\"id\":7} x", "\u{0}"] {
            assert!(why::<Order>(&wire::Message::new(broken)).contains("line 1 column"));
        }
        let deep = "[".repeat(100_000);
        assert!(why::<serde_json::Value>(&wire::Message::new(deep)).contains("recursion limit"));
    }
}
