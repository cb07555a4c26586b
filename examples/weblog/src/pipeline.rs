//! What happens to a line: any number of processes share this work.
//!
//! The headers `run` and `line` are not mentioned here: the framework copies the headers of an
//! input to its outputs, and to dead letters.

#![allow(clippy::needless_pass_by_value, reason = "a listener owns what it is called with")]

use binder::prelude::*;
use bytes::Bytes;

use crate::log::Hit;

/// Makes a line a hit, keyed by its client. Trying a broken line again cannot mend it, so that is
/// a permanent error, which goes to the dead letters at once.
#[stream_listener]
#[input("lines")]
#[output("hits")]
pub(crate) fn parse(line: Bytes) -> Result<Out<Hit>> {
    let hit = Hit::parse(&line).permanent()?;
    let client = hit.client.clone();
    Ok(Out::new(hit).key(client))
}

/// Passes on the requests at which the server failed.
#[stream_listener]
#[input("hits")]
#[output("alerts")]
pub(crate) fn alerts(hit: Hit) -> Option<Hit> {
    hit.is_alert().then_some(hit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_of_the_server_are_alerts() {
        for (status, is_alert) in
            [(200, false), (404, false), (499, false), (500, true), (503, true)]
        {
            let line = format!("::1 - - [17/May/2015:10:05:03 +0000] \"GET /\" {status} 1");
            let hit = Hit::parse(line.as_bytes()).unwrap();
            assert_eq!(alerts(hit).is_some(), is_alert, "{status}");
        }
    }

    #[test]
    fn a_broken_line_is_an_error() {
        assert!(parse(Bytes::from_static(b"broken")).is_err());
    }
}
