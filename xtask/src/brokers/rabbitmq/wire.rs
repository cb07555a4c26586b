//! AMQP 0.9.1 as far as reading a queue needs it: frames, and the values inside them.

use std::{
    collections::BTreeMap,
    io::{Error, ErrorKind, Read, Result, Write},
};

/// Ends every frame.
const FRAME_END: u8 = 0xce;
/// No frame of these conversations comes near it; larger means that something else is speaking.
const LARGEST: u32 = 1 << 20;

pub(super) const METHOD: u8 = 1;
pub(super) const HEADER: u8 = 2;
pub(super) const BODY: u8 = 3;

/// A method by class and number.
pub(super) type Method = (u16, u16);

/// One frame that came in.
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    pub(super) fn read(from: &mut impl Read) -> Result<Self> {
        let mut head = [0; 7];
        from.read_exact(&mut head)?;
        let [kind, _, _, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if length > LARGEST {
            return Err(strange("a frame is longer than any should be"));
        }
        let mut payload = vec![0; length as usize + 1];
        from.read_exact(&mut payload)?;
        match payload.pop() {
            Some(FRAME_END) => Ok(Self { kind, payload }),
            _ => Err(strange("a frame has no end")),
        }
    }

    /// Send a method with its arguments on a channel.
    pub(super) fn write_method(
        to: &mut impl Write,
        channel: u16,
        (class, number): Method,
        arguments: &[u8],
    ) -> Result<()> {
        let mut frame = vec![METHOD];
        frame.extend(channel.to_be_bytes());
        frame.extend((arguments.len() as u32 + 4).to_be_bytes());
        frame.extend(class.to_be_bytes());
        frame.extend(number.to_be_bytes());
        frame.extend(arguments);
        frame.push(FRAME_END);
        to.write_all(&frame)
    }
}

/// Reads the values of a payload one after the other.
pub(super) struct Values<'a>(pub(super) &'a [u8]);

impl<'a> Values<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or_else(|| strange("a frame is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize) -> Result<u64> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn short(&mut self) -> Result<u16> {
        Ok(self.number(2)? as u16)
    }

    pub(super) fn long_long(&mut self) -> Result<u64> {
        self.number(8)
    }

    pub(super) fn short_string(&mut self) -> Result<&'a [u8]> {
        let length = self.number(1)?;
        self.take(length as usize)
    }

    pub(super) fn long_string(&mut self) -> Result<&'a [u8]> {
        let length = self.number(4)?;
        self.take(length as usize)
    }

    /// A table's texts; what is no text is passed over.
    pub(super) fn table(&mut self) -> Result<BTreeMap<String, String>> {
        let mut table = Values(self.long_string()?);
        let mut texts = BTreeMap::new();
        while !table.0.is_empty() {
            let name = String::from_utf8_lossy(table.short_string()?).into_owned();
            if let Some(text) = table.value()? {
                texts.insert(name, String::from_utf8_lossy(text).into_owned());
            }
        }
        Ok(texts)
    }

    fn value(&mut self) -> Result<Option<&'a [u8]>> {
        let length = match self.take(1)? {
            b"S" | b"x" => return self.long_string().map(Some),
            b"A" | b"F" => return self.long_string().map(|_| None),
            b"V" => 0,
            b"t" | b"b" | b"B" => 1,
            b"s" | b"u" => 2,
            b"I" | b"i" | b"f" => 4,
            b"D" => 5,
            b"l" | b"L" | b"d" | b"T" => 8,
            _ => return Err(strange("a table has a value of an unknown type")),
        };
        self.take(length).map(|_| None)
    }
}

/// The text as AMQP's short string; it has to be shorter than 256 bytes.
pub(super) fn short_string(text: &str) -> Vec<u8> {
    [&[text.len() as u8], text.as_bytes()].concat()
}

/// The bytes as AMQP's long string, which is also how a table is framed.
pub(super) fn long_string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

pub(super) fn strange(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_went() {
        let mut sent = Vec::new();
        Frame::write_method(&mut sent, 1, (60, 70), b"abc").unwrap();
        let frame = Frame::read(&mut sent.as_slice()).unwrap();
        assert_eq!((frame.kind, frame.payload.as_slice()), (METHOD, &b"\0\x3c\0\x46abc"[..]));
        sent.pop();
        sent.push(0);
        assert!(Frame::read(&mut sent.as_slice()).is_err());
    }

    #[test]
    fn texts_of_a_table_are_read_and_the_rest_is_passed_over() {
        let entries = [
            &b"\x04linel\0\0\0\0\0\0\0\x07"[..],
            b"\x03runS\0\0\0\x01a",
            b"\x01nV",
            b"\x01FF\0\0\0\x03\x01xV",
            b"\x01bx\0\0\0\x02hi",
        ]
        .concat();
        let table = long_string(&entries);
        let texts = Values(&table).table().unwrap();
        let expected = [("b", "hi"), ("run", "a")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(texts, BTreeMap::from(expected));
        assert!(Values(&table[..table.len() - 1]).table().is_err());
    }
}
