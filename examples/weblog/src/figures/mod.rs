//! The figures of a run, from the line numbers that have arrived. No I/O and no clock.

mod line_set;
mod mark;
mod report;
mod run;
mod runs;

pub(crate) use mark::{LINE, Mark, RUN};
pub(crate) use report::Report;
pub(crate) use run::End;
pub(crate) use runs::Runs;
