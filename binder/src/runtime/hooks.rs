//! What the kill test needs to see and to slow down; compiled with feature `fault-hooks` alone.
//!
//! - `BINDER_LEDGER=FILE`: a line `start PID ID` before a function is entered, and `done PID ID`
//!   just before the settlement is handed to the binder. Each line is one write to a file opened
//!   for appending, so that it outlives the process.
//! - `BINDER_HOLD=MILLISECONDS`: outputs wait that long before they are handed to the binder.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use binder_core::{Destination, Message, Tag};

fn ledger() -> Option<&'static File> {
    static LEDGER: OnceLock<Option<File>> = OnceLock::new();
    let open = || {
        let path = std::env::var_os("BINDER_LEDGER")?;
        match OpenOptions::new().create(true).append(true).open(&path) {
            Ok(file) => Some(file),
            Err(error) => {
                tracing::error!("BINDER_LEDGER cannot be opened: {error}");
                None
            }
        }
    };
    LEDGER.get_or_init(open).as_ref()
}

/// What a delivery is called, the same whoever gets it: the id of its message, else its position.
pub(crate) fn name(destination: &Destination, message: Option<&Message>, tag: Tag) -> String {
    match message.and_then(|message| message.id.as_ref()) {
        Some(id) => String::from_utf8_lossy(id).into_owned(),
        None => format!("{destination}/{}/{}", tag.partition, tag.sequence),
    }
}

/// The function is about to be entered with that delivery.
pub(crate) fn started(destination: &Destination, message: &Message, tag: Tag) {
    if ledger().is_some() {
        write("start", &name(destination, Some(message), tag));
    }
}

/// The delivery of that name is about to be acknowledged.
pub(crate) fn done(name: &str) {
    write("done", name);
}

fn write(what: &str, name: &str) {
    let Some(mut file) = ledger() else { return };
    let line = format!("{what} {} {name}\n", std::process::id());
    if let Err(error) = file.write_all(line.as_bytes()) {
        tracing::error!("BINDER_LEDGER cannot be written: {error}");
    }
}

/// How long outputs are held.
pub(crate) fn hold() -> Option<Duration> {
    static HOLD: OnceLock<Option<Duration>> = OnceLock::new();
    let read = || std::env::var("BINDER_HOLD").ok()?.parse().ok().map(Duration::from_millis);
    *HOLD.get_or_init(read)
}
