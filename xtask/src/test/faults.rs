//! Rows of the fault matrix: some of them once, or all of them as often as proves them.

use crate::{
    conformance::Binder,
    faults::{self, Row},
    test::steps::{Scope, Step, step},
};

/// What is broken in every run of the tests.
const SHORT: [Row; 5] = [Row::F01, Row::F02, Row::F13, Row::F14a, Row::F17c];

/// The steps of each binder.
pub(crate) fn steps(scope: Scope) -> impl Iterator<Item = Step> {
    let binders = [Binder::Memory, Binder::Kafka, Binder::Amqp].into_iter();
    binders.flat_map(move |binder| {
        let rows = Row::all().filter(move |row| row.is_on(binder));
        let rows = rows.filter(move |row| scope.full || SHORT.contains(row));
        rows.map(move |row| {
            let runs = if scope.full { faults::PROOF } else { 1 };
            let what = format!("faults on {}: {} {}", binder.name(), row.id(), row.name());
            let step = step(what, move || faults::check(binder, row, runs)).about(binder.name());
            if binder.broker().is_some() { step.needs_brokers(scope) } else { step }
        })
    })
}
