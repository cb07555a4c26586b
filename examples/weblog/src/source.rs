//! Where messages begin: every line of the log is one.

use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use binder::prelude::*;
use bytes::Bytes;
use futures::stream;

use crate::board::Board;
use crate::figures::{End, LINE, RUN};
use crate::reading::{Line, Reader};
use crate::state::Weblog;

/// Reads the log: its lines, without a key so that they spread, and behind the last its end.
#[stream_emitter]
#[output("lines", "ends")]
pub(crate) fn lines(
    State(weblog): State<Weblog>,
) -> impl Stream<Item = (Option<Out<Bytes>>, Option<End>)> {
    let run = new_run();
    weblog.board.begins(&run);
    let name = Bytes::from(run.clone());
    let source = Source { reader: weblog.reader(), board: weblog.board, run, name };
    stream::unfold(Some(source), |source| async { source?.next().await })
}

/// A log that is being read.
struct Source {
    reader: Reader,
    board: Board,
    run: String,
    /// The same for headers, which share it.
    name: Bytes,
}

impl Source {
    async fn next(mut self) -> Option<((Option<Out<Bytes>>, Option<End>), Option<Self>)> {
        match self.reader.next().await {
            Ok(Some(line)) => {
                self.board.has_read(line.number);
                Some(((Some(self.message(line)), None), Some(self)))
            }
            Ok(None) => {
                let end = End { lines: self.reader.lines(), run: self.run };
                Some(((None, Some(end)), None))
            }
            Err(error) => {
                self.board.cannot_read(&error);
                None
            }
        }
    }

    fn message(&self, line: Line) -> Out<Bytes> {
        Out::new(line.bytes).header(RUN, self.name.clone()).header(LINE, line.number.to_string())
    }
}

/// A name that no other run has: the time in milliseconds, and chance.
fn new_run() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let chance = RandomState::new().hash_one(std::process::id());
    format!("{:x}-{chance:016x}", since.as_millis())
}
