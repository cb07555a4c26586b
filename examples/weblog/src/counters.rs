//! The tally: four listeners that share one board, so they run in the same process.

#![allow(clippy::needless_pass_by_value, reason = "a listener owns what it is called with")]

use binder::prelude::*;
use bytes::Bytes;

use crate::figures::{End, LINE, Mark, RUN};
use crate::log::Hit;
use crate::state::Weblog;

/// Counts the hits.
#[stream_listener]
#[input("hits")]
pub(crate) fn tally(hit: Hit, headers: Headers, State(weblog): State<Weblog>) {
    if let Some(mark) = mark(&headers) {
        weblog.board.hit(&mark, &hit);
    }
}

/// Learns how many lines a log has.
#[stream_listener]
#[input("ends")]
pub(crate) fn tally_ends(end: End, State(weblog): State<Weblog>) {
    weblog.board.ended(&end);
}

/// Counts the alerts.
#[stream_listener]
#[input("alerts")]
pub(crate) fn tally_alerts(_alert: Bytes, headers: Headers, State(weblog): State<Weblog>) {
    if let Some(mark) = mark(&headers) {
        weblog.board.alert(&mark);
    }
}

/// Counts the lines that were broken.
#[stream_listener]
#[input("dead")]
pub(crate) fn tally_dead(_line: Bytes, headers: Headers, State(weblog): State<Weblog>) {
    if let Some(mark) = mark(&headers) {
        weblog.board.dead(&mark);
    }
}

/// Which line of which run a message is about. One that does not say so is nobody's.
fn mark(headers: &Headers) -> Option<Mark<'_>> {
    let mark = Mark::read(headers.text(RUN), headers.text(LINE));
    if mark.is_none() {
        tracing::warn!("a message without the headers {RUN} and {LINE} is not counted");
    }
    mark
}
