//! An application that misbehaves on purpose: `feed` -> `jobs` -> `work` -> `results`.
//!
//! Each job carries its fate. Some always fail, some panic, some while they hold a lock, some never
//! return and some block their thread. What happens stands in a ledger, one line per write, so that
//! it outlives the process. `cargo xtask faults` runs it, breaks something, and checks the ledger
//! against what an independent client finds at the broker.

#![forbid(unsafe_code)]

mod arguments;
mod fate;
mod health;
mod job;
mod ledger;
mod source;
mod state;
mod watch;
mod worker;

use binder::prelude::*;

use crate::arguments::Arguments;
use crate::source::feed;
use crate::state::Faulty;
use crate::watch::{bury, collect};
use crate::worker::work;

#[enable_binding(defaults = "binder.toml")]
async fn main(arguments: Arguments) -> Result<App<Faulty>> {
    let watches = arguments.watch;
    let faulty = Faulty::new(arguments)?;
    let app = App::new(faulty.clone()).emit(emitters![feed]);
    health::report(app.bindings(), faulty);
    Ok(if watches { app.bind(listeners![work, collect, bury]) } else { app.bind(listeners![work]) })
}
