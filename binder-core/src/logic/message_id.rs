//! The id of an output, made from what it came from.
//!
//! Laws: the same input, function, output and ordinal give the same id, so a redelivery repeats
//! ids; any difference among them gives another one, up to a collision of 128 bits.

use bytes::Bytes;

use super::partition::lane_of;
use crate::delivery::Tag;

/// What identifies an input: its id, else its position.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The id that it carries.
    pub id: Option<&'a [u8]>,
    /// Where it stands.
    pub destination: &'a str,
    /// At which position. The epoch is left out: another assignment does not make another message.
    pub tag: Tag,
}

/// The id of the `ordinal`th message that `function` sends to `output` for that input, as 32
/// hexadecimal digits.
#[must_use]
pub fn derive(origin: Origin<'_>, function: &str, output: &str, ordinal: usize) -> Bytes {
    let mut text = Vec::with_capacity(128);
    match origin.id {
        Some(id) => field(&mut text, id),
        None => {
            field(&mut text, origin.destination.as_bytes());
            field(&mut text, &origin.tag.partition.to_be_bytes());
            field(&mut text, &origin.tag.sequence.to_be_bytes());
        }
    }
    field(&mut text, function.as_bytes());
    field(&mut text, output.as_bytes());
    field(&mut text, &(ordinal as u64).to_be_bytes());
    let high = lane_of(&text);
    text.push(0xff);
    let low = lane_of(&text);
    Bytes::from(format!("{high:016x}{low:016x}"))
}

/// A field with its length, so that no two lists of fields are the same bytes.
fn field(text: &mut Vec<u8>, value: &[u8]) {
    text.extend_from_slice(&(value.len() as u64).to_be_bytes());
    text.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn at(id: Option<&'static [u8]>, epoch: u32, sequence: u64) -> Origin<'static> {
        Origin { id, destination: "orders", tag: Tag { epoch, partition: 3, sequence } }
    }

    #[test]
    fn a_redelivery_makes_the_same_ids_and_nothing_else_does() {
        let mut seen = HashSet::new();
        for origin in [at(None, 1, 7), at(None, 1, 8), at(Some(b"7"), 1, 7), at(Some(b"8"), 1, 7)] {
            for function in ["bill", "bil"] {
                for output in ["invoices", "linvoices"] {
                    for ordinal in 0..3 {
                        let id = derive(origin, function, output, ordinal);
                        assert_eq!(id.len(), 32);
                        assert!(seen.insert(id));
                    }
                }
            }
        }
        assert_eq!(derive(at(None, 1, 7), "f", "o", 0), derive(at(None, 2, 7), "f", "o", 0));
        assert_eq!(
            derive(at(Some(b"x"), 1, 7), "f", "o", 0),
            derive(at(Some(b"x"), 9, 1), "f", "o", 0)
        );
    }
}
