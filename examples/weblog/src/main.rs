//! A web server's access log as a pipeline: `lines` -> `parse` -> `tally`, `alerts`.
//!
//! `lines` reads the log, `parse` makes its lines hits, `alerts` picks the failures of the server,
//! and `tally` counts what arrives and prints one line of JSON when a run is complete.

#![forbid(unsafe_code)]

mod arguments;
mod board;
mod counters;
mod figures;
mod log;
mod pipeline;
mod progress;
mod reading;
mod source;
mod state;

use binder::prelude::*;
use futures::TryFutureExt;

use crate::arguments::Arguments;
use crate::counters::{tally, tally_alerts, tally_dead, tally_ends};
use crate::pipeline::{alerts, parse};
use crate::source::lines;
use crate::state::Weblog;

#[enable_binding(defaults = "binder.toml")]
async fn main(arguments: Arguments) -> Result<App<Weblog>> {
    let weblog = Weblog::new(arguments);
    let own_run = weblog.board.clone().watch();
    Ok(App::new(weblog)
        .emit(emitters![lines])
        .bind(listeners![parse, alerts, tally, tally_ends, tally_alerts, tally_dead])
        .together(["tally", "tally_ends", "tally_alerts", "tally_dead"])
        .until(own_run.err_into()))
}
