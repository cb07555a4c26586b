//! The bytes of an input, block by block.

use std::fs::File;
use std::io::{self, Read};
use std::thread;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::input::Input;
use super::tail::Tail;

/// How much is read at once.
pub(super) const BLOCK: usize = 64 * 1024;

/// How many blocks of a pipe may wait to be split.
const WAITING: usize = 4;

/// The log that is compiled in.
const SAMPLE: &[u8] = include_bytes!("../../sample.log");

/// What comes next of an input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// More bytes.
    Bytes(Bytes),
    /// Another file has taken the place of the followed one: a line begun in the old ends here.
    Cut,
    /// Nothing more will come.
    End,
}

/// An input, opened with its first block.
#[derive(Debug)]
pub(super) enum Blocks {
    /// Not opened yet.
    Closed { input: Input, follow: bool },
    /// A pipe, read by a thread of its own: a read may wait for ever, and must not keep the
    /// process when it wants to leave.
    Piped(mpsc::Receiver<io::Result<Bytes>>),
    /// A file.
    File(Box<Tail>),
    /// All was read.
    Ended,
}

impl Blocks {
    pub(super) const fn new(input: Input, follow: bool) -> Self {
        Self::Closed { input, follow }
    }

    /// The next block.
    ///
    /// # Errors
    ///
    /// When the input cannot be opened or read any more.
    pub(super) async fn next(&mut self) -> io::Result<Block> {
        loop {
            match self {
                Self::Closed { input, follow } => match std::mem::take(input) {
                    Input::Sample => {
                        *self = Self::Ended;
                        return Ok(Block::Bytes(Bytes::from_static(SAMPLE)));
                    }
                    Input::Standard => *self = Self::Piped(piped(|| Ok(io::stdin()))?),
                    Input::Pipe(path) => *self = Self::Piped(piped(|| File::open(path))?),
                    Input::File(path) => {
                        *self = Self::File(Box::new(Tail::open(path, *follow).await?))
                    }
                },
                Self::Piped(blocks) => {
                    return blocks
                        .recv()
                        .await
                        .map_or(Ok(Block::End), |block| block.map(Block::Bytes));
                }
                Self::File(tail) => return tail.next().await,
                Self::Ended => return Ok(Block::End),
            }
        }
    }
}

/// Starts the thread that reads a pipe until its end, or until nobody listens.
fn piped<R: Read + 'static>(
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> io::Result<mpsc::Receiver<io::Result<Bytes>>> {
    let (blocks, listening) = mpsc::channel(WAITING);
    thread::Builder::new().name("weblog-input".into()).spawn(move || {
        if let Err(error) = open().and_then(|pipe| pump(pipe, &blocks)) {
            drop(blocks.blocking_send(Err(error)));
        }
    })?;
    Ok(listening)
}

fn pump(mut pipe: impl Read, blocks: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    let mut room = BytesMut::zeroed(BLOCK);
    loop {
        match pipe.read(&mut room) {
            Ok(0) => return Ok(()),
            Ok(len) => {
                if blocks.blocking_send(Ok(Bytes::copy_from_slice(&room[..len]))).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
