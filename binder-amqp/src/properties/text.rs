//! AMQP's values as bytes.

use binder_core::Headers;
use bytes::Bytes;
use lapin::types::AMQPValue;

/// Adds a header; one for each element of an array of simple values.
pub(super) fn push(headers: &mut Headers, name: &Bytes, value: &AMQPValue) {
    match value {
        AMQPValue::FieldArray(array) if array.as_slice().iter().all(is_simple) => {
            for element in array.as_slice() {
                headers.push(name.clone(), self::value(element));
            }
        }
        _ => headers.push(name.clone(), self::value(value)),
    }
}

/// The value as bytes; `None` for a null.
pub(super) fn value(value: &AMQPValue) -> Option<Bytes> {
    match value {
        AMQPValue::Void => None,
        AMQPValue::LongString(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
        AMQPValue::ShortString(text) => Some(Bytes::copy_from_slice(text.as_str().as_bytes())),
        AMQPValue::ByteArray(bytes) => Some(Bytes::copy_from_slice(bytes.as_slice())),
        other => {
            let mut text = String::new();
            json(other, &mut text);
            Some(text.into())
        }
    }
}

/// A count; 0 for what is none.
pub(super) fn count(value: &AMQPValue) -> u32 {
    self::value(value)
        .and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok())
        .unwrap_or_default()
}

fn is_simple(value: &AMQPValue) -> bool {
    !matches!(value, AMQPValue::FieldArray(_) | AMQPValue::FieldTable(_))
}

fn json(value: &AMQPValue, out: &mut String) {
    let text = match value {
        AMQPValue::Boolean(value) => value.to_string(),
        AMQPValue::ShortShortInt(value) => value.to_string(),
        AMQPValue::ShortShortUInt(value) => value.to_string(),
        AMQPValue::ShortInt(value) => value.to_string(),
        AMQPValue::ShortUInt(value) => value.to_string(),
        AMQPValue::LongInt(value) => value.to_string(),
        AMQPValue::LongUInt(value) => value.to_string(),
        AMQPValue::LongLongInt(value) => value.to_string(),
        AMQPValue::Float(value) => value.to_string(),
        AMQPValue::Double(value) => value.to_string(),
        AMQPValue::Timestamp(value) => value.to_string(),
        AMQPValue::DecimalValue(value) => format!("{}e-{}", value.value, value.scale),
        AMQPValue::Void => "null".to_owned(),
        AMQPValue::FieldArray(array) => {
            return list(out, '[', array.as_slice().iter(), ']', |out, one| json(one, out));
        }
        AMQPValue::FieldTable(table) => {
            return list(out, '{', table.inner().iter(), '}', |out, (name, value)| {
                quoted(name.as_str(), out);
                out.push(':');
                json(value, out);
            });
        }
        AMQPValue::LongString(_) | AMQPValue::ShortString(_) | AMQPValue::ByteArray(_) => {
            let bytes = self::value(value).unwrap_or_default();
            return quoted(&String::from_utf8_lossy(&bytes), out);
        }
    };
    out.push_str(&text);
}

fn list<T>(
    out: &mut String,
    open: char,
    elements: impl Iterator<Item = T>,
    close: char,
    write: impl Fn(&mut String, T),
) {
    out.push(open);
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, element);
    }
    out.push(close);
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
}
