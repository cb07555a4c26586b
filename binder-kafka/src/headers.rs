//! What stands in Kafka's headers and what in a message's own fields.
//!
//! | On the wire | In a message |
//! |---|---|
//! | `contentType` (also read as `content-type`, and in JSON quotes) | `content_type`; the default is not written |
//! | `message-id` | `id` |
//! | every other header, in order, repeated names and null values kept | `headers`, unchanged |

use binder_core::Message;
use binder_core::message::DEFAULT_CONTENT_TYPE;

const CONTENT_TYPE: &[u8] = b"contentType";
const CONTENT_TYPE_READ_TOO: &[u8] = b"content-type";
const MESSAGE_ID: &[u8] = b"message-id";

/// The field that a header stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    ContentType,
    Id,
    Header,
}

/// Sorts a header that came in; gives its value as the field wants it.
pub(crate) fn inbound<'a>(name: &[u8], value: Option<&'a [u8]>) -> (Field, Option<&'a [u8]>) {
    match (name, value) {
        (CONTENT_TYPE | CONTENT_TYPE_READ_TOO, Some(value)) => {
            (Field::ContentType, Some(unquoted(value)))
        }
        (MESSAGE_ID, Some(value)) => (Field::Id, Some(value)),
        _ => (Field::Header, value),
    }
}

/// The headers to write, in order.
pub(crate) fn outbound(message: &Message) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    let content_type = message
        .content_type
        .as_deref()
        .filter(|content_type| *content_type != DEFAULT_CONTENT_TYPE.as_bytes())
        .map(|content_type| (CONTENT_TYPE, Some(content_type)));
    let id = message.id.as_deref().map(|id| (MESSAGE_ID, Some(id)));
    let headers = message.headers.iter();
    content_type
        .into_iter()
        .chain(id)
        .chain(headers.map(|(name, value)| (name.as_ref(), value.map(AsRef::as_ref))))
}

/// Old Spring applications write header values as JSON strings.
fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_that_says_only_the_default() {
        let mut message = Message::new("{}");
        assert_eq!(outbound(&message).count(), 0);
        message.content_type = Some(DEFAULT_CONTENT_TYPE.into());
        assert_eq!(outbound(&message).count(), 0);
    }

    #[test]
    fn fields_come_first_and_headers_keep_their_order() {
        let mut message = Message::new("x").with_header("b", "1");
        message.headers.push("a", None);
        message.content_type = Some("text/plain".into());
        message.id = Some("7".into());
        let written: Vec<_> = outbound(&message).collect();
        let expected: [(&[u8], Option<&[u8]>); 4] = [
            (b"contentType", Some(b"text/plain")),
            (b"message-id", Some(b"7")),
            (b"b", Some(b"1")),
            (b"a", None),
        ];
        assert_eq!(written, expected);
    }

    #[test]
    fn content_types_are_read_raw_and_quoted_under_both_names() {
        for name in ["contentType", "content-type"] {
            for value in ["text/plain", "\"text/plain\""] {
                let read = inbound(name.as_bytes(), Some(value.as_bytes()));
                assert_eq!(read, (Field::ContentType, Some(b"text/plain".as_ref())));
            }
        }
        assert_eq!(inbound(b"contentType", Some(b"\"")).1, Some(b"\"".as_ref()));
        assert_eq!(inbound(b"contentType", None), (Field::Header, None));
        assert_eq!(inbound(b"ContentType", Some(b"x")), (Field::Header, Some(b"x".as_ref())));
    }
}
