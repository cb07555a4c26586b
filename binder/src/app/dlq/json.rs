//! What programs read: everything, and exact.
//!
//! Bytes that are UTF-8 are a text, others `{"base64": "…"}`. It may stand on a terminal as well, so
//! what would move its cursor, colour it or reverse the line is escaped.

use serde_json::{Value, json};

use super::letter::Letter;
use super::list::StoreSummary;
use super::text::{FOREIGN, utc};

/// A value as one line: the same value for who reads JSON, and harmless where it is shown.
pub(super) fn line(value: &Value) -> String {
    let text = value.to_string();
    let mut line = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        // Such a character stands in a string of the value, where it may be written like this; those
        // below U+0020 are written so already.
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => line.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => line.push(c),
        }
    }
    line.push('\n');
    line
}

/// A store as an object.
pub(super) fn summary(store: &StoreSummary) -> Value {
    let inputs = store.inputs.iter();
    let inputs: Vec<_> =
        inputs.map(|(binding, group)| json!({"binding": binding, "group": group})).collect();
    let classes: serde_json::Map<String, Value> = store
        .classes
        .iter()
        .map(|(class, count)| (class.clone().unwrap_or_else(|| FOREIGN.to_owned()), json!(count)))
        .collect();
    json!({
        "destination": store.destination,
        "binder": store.binder,
        "exists": store.exists,
        "letters": store.letters,
        "oldest": store.oldest.map(utc),
        "newest": store.newest.map(utc),
        "classes": classes,
        "inputs": inputs,
    })
}

/// A letter as an object.
pub(super) fn letter(letter: &Letter) -> Value {
    let headers = letter.headers.iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| json!([bytes(Some(name)), bytes(value.map(|v| &v[..]))]))
        .collect();
    json!({
        "id": bytes(letter.id.as_deref()),
        "key": bytes(letter.key.as_deref()),
        "content_type": bytes(letter.content_type.as_deref()),
        "origin": {
            "destination": letter.destination,
            "binding": letter.binding,
            "group": letter.group,
            "partition": letter.partition,
            "position": letter.position,
            "sent_at": letter.sent_at.map(utc),
        },
        "class": letter.class,
        "cause": letter.cause,
        "attempts": letter.attempts,
        "failed_at": letter.failed_at.map(utc),
        "redrives": letter.redrives,
        "headers": headers,
        "payload": bytes(letter.payload.as_deref()),
        "store": {"partition": letter.store_partition, "position": letter.store_position},
    })
}

fn bytes(bytes: Option<&[u8]>) -> Value {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => Value::Null,
        Some((_, Ok(text))) => json!(text),
        Some((bytes, Err(_))) => json!({"base64": base64(bytes)}),
    }
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let index = bits >> (18 - 6 * digit) & 63;
            let sign = char::from(ALPHABET[index as usize]);
            text.push(if digit as usize <= chunk.len() { sign } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    #[test]
    fn bytes_are_exact() {
        assert_eq!(bytes(Some(b"a\x1b\"")).to_string(), r#""a\u001b\"""#);
        assert_eq!(bytes(Some(&[0xff])).to_string(), r#"{"base64":"/w=="}"#);
        assert_eq!(bytes(None), Value::Null);
    }

    #[test]
    fn a_line_is_the_same_value_and_cannot_harm_a_terminal() {
        let odd =
            "a\u{1b}[31m\u{9b}31m\u{7f}\u{85}é\u{202e}\u{2066}\u{200f}\u{61c}\u{2069}\u{a0}😀\n\\";
        let value = json!({odd: [bytes(Some(odd.as_bytes()))]});
        let line = line(&value);
        let shown = line.strip_suffix('\n').unwrap();
        assert!(shown.contains(r"\u009b31m\u007f\u0085é\u202e\u2066\u200f\u061c\u2069"), "{shown}");
        // No-break space is for the eye alone.
        assert!(shown.chars().all(|c| c == '\u{a0}' || c.escape_debug().len() <= 2), "{shown}");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
    }
}
