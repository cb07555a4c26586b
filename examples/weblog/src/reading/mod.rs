//! The reader: lines with their numbers, from wherever the log comes.

mod blocks;
mod input;
mod pace;
mod splitter;
mod tail;

use std::io;
use std::num::NonZeroU32;

use bytes::Bytes;
use tokio::time::{self, Instant};

use self::blocks::{Block, Blocks};
use self::pace::Pace;
use self::splitter::Splitter;

pub(crate) use input::Input;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Its bytes without the line ending.
    pub(crate) bytes: Bytes,
}

/// Reads a log line by line, block by block, and not faster than it is told to.
#[derive(Debug)]
pub(crate) struct Reader {
    blocks: Blocks,
    splitter: Splitter,
    pace: Option<Pace>,
    number: u64,
}

impl Reader {
    /// A reader that opens its input with the first line. With `follow` a file never ends; with
    /// `rate` there are at most so many lines a second.
    pub(crate) fn new(input: Input, follow: bool, rate: Option<NonZeroU32>) -> Self {
        Self {
            blocks: Blocks::new(input, follow),
            splitter: Splitter::default(),
            pace: rate.map(Pace::new),
            number: 0,
        }
    }

    /// The next line; `None` at the end of the log.
    ///
    /// # Errors
    ///
    /// When the input cannot be opened or read any more.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        let Some(bytes) = self.next_bytes().await? else { return Ok(None) };
        if let Some(pace) = &mut self.pace {
            let now = Instant::now();
            let wait = pace.wait(now.into_std());
            if !wait.is_zero() {
                time::sleep_until(now + wait).await;
            }
        }
        self.number += 1;
        Ok(Some(Line { number: self.number, bytes }))
    }

    async fn next_bytes(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(line) = self.splitter.line() {
                return Ok(Some(line));
            }
            match self.blocks.next().await? {
                Block::Bytes(bytes) => self.splitter.push(bytes),
                Block::Cut => {
                    if let Some(line) = self.splitter.finish() {
                        return Ok(Some(line));
                    }
                }
                Block::End => return Ok(self.splitter.finish()),
            }
        }
    }

    /// How many lines were read.
    pub(crate) const fn lines(&self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests;
