//! One at a time: a second `up` waits for the first and then finds the broker answering, a second
//! kill test does not join the groups of the first.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::command;

/// A file that names the process which is at it; it goes when the claim does.
pub(crate) struct Claim(PathBuf);

impl Claim {
    /// Wait for the claim of a living process to end; that of a dead one is taken over.
    pub(crate) fn take(file: PathBuf) -> Result<Self> {
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&file) {
                Ok(mut claim) => {
                    write!(claim, "{}", process::id())
                        .with_context(|| format!("cannot write {}", file.display()))?;
                    return Ok(Self(file));
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => wait_or_clear(&file),
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot make {}", file.display()));
                }
            }
        }
    }
}

fn wait_or_clear(file: &Path) {
    command::pause(Duration::from_millis(200));
    // An empty file belongs to a process that is about to write its id: look again.
    let owner = fs::read_to_string(file).unwrap_or_default();
    if !owner.is_empty() && !Path::new("/proc").join(&owner).exists() {
        fs::remove_file(file).ok();
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}
