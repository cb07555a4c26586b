//! What the functions share.

use std::io;

use crate::arguments::Arguments;
use crate::board::Board;
use crate::reading::Reader;

/// The state of the application.
#[derive(Clone, Debug)]
pub(crate) struct Weblog {
    arguments: Arguments,
    /// What the tally has counted.
    pub(crate) board: Board,
}

impl Weblog {
    /// The state of a process that was given these arguments and reports on standard output.
    pub(crate) fn new(arguments: Arguments) -> Self {
        let board = Board::new(arguments.patience, io::stdout());
        Self { arguments, board }
    }

    /// A reader at the start of the log.
    pub(crate) fn reader(&self) -> Reader {
        let Arguments { log, follow, rate, .. } = self.arguments.clone();
        Reader::new(log.unwrap_or_default(), follow, rate)
    }
}
