//! Blocks into lines.

use bytes::{Buf, Bytes, BytesMut};

/// The longest line that is kept, in bytes. It fits into a message of every broker's default
/// limit, headers and a dead letter's included.
pub(super) const LONGEST: usize = 512 * 1024;

/// Splits blocks into lines, which are slices of them; only a line that spans blocks is copied.
///
/// A line ends with `\n`; one `\r` before it is taken off as well, every other byte is kept. Of a
/// line longer than [`LONGEST`] the beginning is kept. What stands behind the last `\n` is a line
/// unless it is empty.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    block: Bytes,
    begun: BytesMut,
}

impl Splitter {
    /// Adds the next block. The last has to be used up: [`line`](Self::line) gave `None`.
    pub(super) fn push(&mut self, block: Bytes) {
        debug_assert!(self.block.is_empty());
        self.block = block;
    }

    /// The next whole line.
    pub(super) fn line(&mut self) -> Option<Bytes> {
        let Some(end) = memchr::memchr(b'\n', &self.block) else {
            let rest = std::mem::take(&mut self.block);
            self.begin(&rest);
            return None;
        };
        let mut line = self.block.split_to(end);
        self.block.advance(1);
        if !self.begun.is_empty() {
            self.begin(&line);
            line = self.begun.split().freeze();
        }
        Some(ended(line))
    }

    /// The line that no `\n` has ended.
    pub(super) fn finish(&mut self) -> Option<Bytes> {
        (!self.begun.is_empty()).then(|| ended(self.begun.split().freeze()))
    }

    fn begin(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.begun.len());
        self.begun.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

fn ended(mut line: Bytes) -> Bytes {
    line.truncate(LONGEST);
    if line.last() == Some(&b'\r') {
        line.truncate(line.len() - 1);
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(blocks: &[&[u8]]) -> Vec<Bytes> {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for block in blocks {
            splitter.push(Bytes::copy_from_slice(block));
            lines.extend(std::iter::from_fn(|| splitter.line()));
        }
        lines.extend(splitter.finish());
        lines
    }

    #[test]
    fn a_last_line_needs_no_ending_and_an_empty_one_counts() {
        assert_eq!(split(&[b"a\n\nb"]), ["a", "", "b"]);
        assert_eq!(split(&[b"a\n"]), ["a"]);
        assert_eq!(split(&[b"\n"]), [""]);
        assert!(split(&[b""]).is_empty());
    }

    #[test]
    fn one_carriage_return_goes_with_the_ending() {
        assert_eq!(split(&[b"a\r\nb\r\r\n\r\nc\rd"]), ["a", "b\r", "", "c\rd"]);
        assert_eq!(split(&[b"a\r", b"\nb"]), ["a", "b"]);
    }

    #[test]
    fn a_long_line_keeps_its_beginning_and_the_next_is_whole() {
        let long = vec![b'x'; LONGEST + 7];
        let lines = split(&[&long, &long, b"\nnext\n"]);
        assert_eq!(lines.iter().map(Bytes::len).collect::<Vec<_>>(), [LONGEST, 4]);
        let mut splitter = Splitter::default();
        for _ in 0..3 {
            splitter.push(Bytes::copy_from_slice(&long));
            assert_eq!(splitter.line(), None);
            assert_eq!(splitter.begun.len(), LONGEST);
        }
    }

    proptest! {
        #[test]
        fn where_blocks_end_does_not_matter(
            text in proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200,
            ),
            size in 1usize..20,
        ) {
            let blocks: Vec<&[u8]> = text.chunks(size).collect();
            prop_assert_eq!(split(&blocks), split(&[&text]));
        }

        #[test]
        fn no_byte_is_lost(lines in proptest::collection::vec("[a-z]{0,9}", 0..20)) {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            prop_assert_eq!(split(&[text.as_bytes()]), lines);
        }
    }
}
