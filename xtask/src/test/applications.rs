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
        let what = format!("applications on {name}: 100,000 messages, good and bad, and in chunks");
        let run = step(what, move || {
            let mut tests = program();
            tests.args(["test", "--quiet", "--package", "stream-binder", "--features", name]);
            tests.args(["--test", "broker_app", "--", "--include-ignored"]);
            let variable = format!("BINDER_TEST_{}", name.to_uppercase());
            command::run(tests.env(variable, kind.address().to_string()))
        });
        run.about(name).needs_brokers(scope)
    })
}
