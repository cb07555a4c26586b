//! A file from its start to its end, or followed for ever.

use std::fs::Metadata;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::BytesMut;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::time;

use super::blocks::{BLOCK, Block};

/// How often a followed file is looked at once its end is reached.
const LOOK: Duration = Duration::from_millis(200);

/// An open file and how far it is read.
///
/// Followed, it is read again from its start when it has become shorter (copied away and
/// truncated), and the new file of its name is read when it has been moved away (rotated), after
/// what was left of the old one.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    file: File,
    position: u64,
    follow: bool,
    successor: Option<File>,
    room: BytesMut,
}

impl Tail {
    pub(super) async fn open(path: PathBuf, follow: bool) -> io::Result<Self> {
        let file = File::open(&path).await?;
        Ok(Self { path, file, position: 0, follow, successor: None, room: BytesMut::new() })
    }

    pub(super) async fn next(&mut self) -> io::Result<Block> {
        loop {
            self.room.reserve(BLOCK);
            let len = self.file.read_buf(&mut self.room).await?;
            if len > 0 {
                self.position += len as u64;
                return Ok(Block::Bytes(self.room.split().freeze()));
            }
            if !self.follow {
                return Ok(Block::End);
            }
            if let Some(successor) = self.successor.take() {
                self.file = successor;
                self.position = 0;
                return Ok(Block::Cut);
            }
            if self.is_shorter().await? {
                self.file.rewind().await?;
                self.position = 0;
                return Ok(Block::Cut);
            }
            self.successor = self.moved().await?;
            if self.successor.is_none() {
                time::sleep(LOOK).await;
            }
        }
    }

    async fn is_shorter(&self) -> io::Result<bool> {
        Ok(self.file.metadata().await?.len() < self.position)
    }

    /// The file that now has the name, if it is another one. Between moving the old file away and
    /// making the new one there may be none.
    async fn moved(&self) -> io::Result<Option<File>> {
        let there = match fs::metadata(&self.path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            there => there?,
        };
        if same_file(&self.file.metadata().await?, &there) {
            return Ok(None);
        }
        match File::open(&self.path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }
}

#[cfg(unix)]
fn same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Without file numbers the time of creation tells files apart, where the system keeps it.
#[cfg(not(unix))]
fn same_file(one: &Metadata, other: &Metadata) -> bool {
    one.created().ok() == other.created().ok()
}
