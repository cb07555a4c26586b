//! Applications of the framework's own tests, on real brokers.

use crate::{
    brokers::Kind,
    command,
    test::steps::{Scope, Step, program, step},
};

/// One step a broker.
pub(crate) fn steps(scope: Scope) -> impl Iterator<Item = Step> {
    Kind::ALL.into_iter().map(move |kind| {
        let name = kind.name();
        let what = format!("applications on {name}: load, failures, members, stops, redrives");
        let run = step(what, move || {
            let mut tests = program();
            tests.args(["test", "--quiet", "--package", "stream-binder", "--features", name]);
            tests.args(["--test", "broker_app", "--", "--include-ignored"]);
            command::run(kind.tell(&mut tests))
        });
        run.about(name).needs_brokers(scope)
    })
}
