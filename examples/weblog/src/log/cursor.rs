//! A place in a line that moves on field by field.

use std::ops::Range;

use memchr::memmem;

use super::broken::{Broken, Fault, Field};

/// A line and how far it is read.
///
/// Every method gives the bytes' range, so that the caller can slice the line as text once it is
/// known to be that.
pub(crate) struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    /// How much is read.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// What is not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.line[self.at..]
    }

    /// Everything up to the next space or the end.
    pub(crate) fn word(&mut self) -> Range<usize> {
        let len = memchr::memchr(b' ', self.rest()).unwrap_or_else(|| self.rest().len());
        self.take(len)
    }

    /// The word behind one space.
    pub(crate) fn next_word(&mut self, field: Field) -> Result<Range<usize>, Broken> {
        self.skip(b" ", field)?;
        let word = self.word();
        if word.is_empty() { Err(self.fail(field, Fault::Missing)) } else { Ok(word) }
    }

    /// Whatever stands before `open`, which is passed over.
    pub(crate) fn before(&mut self, open: &[u8], field: Field) -> Result<Range<usize>, Broken> {
        let found = memmem::find(self.rest(), open);
        let len = found.ok_or_else(|| self.fail(field, Fault::Missing))?;
        let range = self.take(len);
        self.at += open.len();
        Ok(range)
    }

    /// Passes over `text`, with which `field` begins.
    pub(crate) fn skip(&mut self, text: &[u8], field: Field) -> Result<(), Broken> {
        if !self.rest().starts_with(text) {
            return Err(self.fail(field, Fault::Missing));
        }
        self.at += text.len();
        Ok(())
    }

    /// What stands before the quote that closes a text just opened; a backslash takes the next
    /// byte along. `None` if nothing closes it: the cursor stays.
    pub(crate) fn quoted(&mut self) -> Option<Range<usize>> {
        let mut from = 0;
        loop {
            let rest = &self.rest()[from..];
            let found = memchr::memchr2(b'"', b'\\', rest)?;
            if rest[found] == b'"' {
                let range = self.take(from + found);
                self.at += 1;
                return Some(range);
            }
            from = (from + found + 2).min(self.rest().len());
        }
    }

    /// The failure of `field` here.
    pub(crate) const fn fail(&self, field: Field, fault: Fault) -> Broken {
        Broken { field, fault, at: self.at }
    }

    fn take(&mut self, len: usize) -> Range<usize> {
        let from = self.at;
        self.at += len;
        from..self.at
    }
}
