//! Record batches as they stand in a log, as far as headers need it.

use std::{collections::BTreeMap, io::Result};

use super::client::strange;

/// One record: where it stands, and its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) offset: i64,
    pub(crate) headers: BTreeMap<String, String>,
}

/// Every record of whole batches that stands at `from` or behind it.
pub(super) fn records(log: &[u8], from: i64) -> Result<Vec<Record>> {
    let mut log = Reader(log);
    let mut found = Vec::new();
    // The last batch of an answer may be cut off.
    while let Some(batch) = log.batch() {
        let mut batch = Reader(batch);
        let first = batch.long()?;
        batch.take(8)?; // length, epoch
        if batch.take(1)? != [2] {
            return Err(strange("a batch is of another format"));
        }
        batch.number()?; // checksum
        let attributes = batch.short()?;
        batch.take(34)?; // last offset, times, producer
        let count = batch.number()?;
        const COMPRESSED: i16 = 0b111;
        const CONTROL: i16 = 1 << 5;
        if attributes & COMPRESSED != 0 {
            return Err(strange("a batch is compressed"));
        }
        if attributes & CONTROL == 0 {
            for _ in 0..count {
                found.push(batch.record(first)?);
            }
        }
    }
    found.retain(|record| record.offset >= from);
    Ok(found)
}

/// Reads the values of an answer one after the other.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or_else(|| strange("an answer is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| strange("an answer is cut off"))
    }

    pub(super) fn short(&mut self) -> Result<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn number(&mut self) -> Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn long(&mut self) -> Result<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn text(&mut self) -> Result<&'a [u8]> {
        let length = self.short()?;
        self.take(length.max(0) as usize)
    }

    pub(super) fn bytes(&mut self) -> Result<Option<&'a [u8]>> {
        let length = self.number()?;
        usize::try_from(length).ok().map(|length| self.take(length)).transpose()
    }

    /// The next batch with its head, if all of it is there.
    fn batch(&mut self) -> Option<&'a [u8]> {
        const HEAD: usize = 12;
        let length = i32::from_be_bytes(self.0.get(8..HEAD)?.try_into().ok()?);
        self.take(HEAD + usize::try_from(length).ok()?).ok()
    }

    fn record(&mut self, first: i64) -> Result<Record> {
        let length = self.varint()?;
        let mut record = Reader(self.take(length as usize)?);
        record.take(1)?; // attributes
        record.varint()?; // time
        let offset = first + record.varint()?;
        record.field()?; // key
        record.field()?; // value
        let mut headers = BTreeMap::new();
        for _ in 0..record.varint()? {
            let name = record.field()?.unwrap_or_default();
            let value = record.field()?.unwrap_or_default();
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            headers.insert(text(name), text(value));
        }
        Ok(Record { offset, headers })
    }

    fn field(&mut self) -> Result<Option<&'a [u8]>> {
        let length = self.varint()?;
        usize::try_from(length).ok().map(|length| self.take(length)).transpose()
    }

    /// Seven bits a byte, the sign in the lowest.
    fn varint(&mut self) -> Result<i64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(strange("a number has no end"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch whose records have one header each, `n` with the offset as text.
    fn batch(first: i64, count: u8) -> Vec<u8> {
        let record = |delta: u8| {
            let value = (first + i64::from(delta)).to_string();
            let mut body = vec![0, 0, delta * 2, 1, 2, b'v', 2, 2, b'n', value.len() as u8 * 2];
            body.extend(value.as_bytes());
            [&[body.len() as u8 * 2][..], &body].concat()
        };
        let records: Vec<u8> = (0..count).flat_map(record).collect();
        let mut batch = first.to_be_bytes().to_vec();
        batch.extend((49 + records.len() as i32).to_be_bytes());
        batch.extend([0, 0, 0, 0, 2]);
        batch.extend([0; 4 + 2 + 34]);
        batch.extend(i32::from(count).to_be_bytes());
        batch.extend(records);
        batch
    }

    #[test]
    fn records_of_whole_batches_are_read_from_an_offset_on() {
        let mut log = [batch(0, 3), batch(3, 2)].concat();
        log.extend(&batch(5, 2)[..20]);
        let found = records(&log, 1).unwrap();
        let offsets: Vec<_> = found.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, [1, 2, 3, 4]);
        assert_eq!(found[2].headers["n"], "3");
    }

    #[test]
    fn a_compressed_batch_is_an_error() {
        let mut log = batch(0, 1);
        log[22] = 1;
        assert!(records(&log, 0).is_err());
    }

    #[test]
    fn numbers_of_any_size_and_sign_are_read() {
        for (bytes, value) in
            [(&[0][..], 0), (&[1], -1), (&[2], 1), (&[0x80, 1], 64), (&[0xff, 0x7f], -8192)]
        {
            assert_eq!(Reader(bytes).varint().unwrap(), value);
        }
        assert!(Reader(&[0x80]).varint().is_err());
    }
}
