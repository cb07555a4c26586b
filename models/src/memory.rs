//! Publish calls and a flush: `binder-memory/src/reporting.rs`.

use std::sync::Arc;

use crate::common::{beside, check, wait};
use crate::reporting::Reporting;

/// A flush ends when the last call that was under way does.
pub fn a_flush_hears_of_the_last_call() {
    check(3, || {
        let reporting = Arc::new(Reporting::default());
        let calls = [(); 2].map(|()| {
            beside(&reporting, |reporting| {
                drop(reporting.begin());
            })
        });
        wait(|cx| reporting.poll_idle(cx));
        for call in calls {
            call.join().unwrap();
        }
        wait(|cx| reporting.poll_idle(cx));
    });
}
