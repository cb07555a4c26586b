//! The example and the binders' own tests on real brokers, the same for each of them.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    brokers::Kind,
    command,
    conformance::{self, Target},
    kill::{self, Rounds},
    test::{
        refusals,
        steps::{Scope, Step, program, step},
    },
    weblog::{Weblog, answer, build, log, process::Process},
};

/// The example with every binder compiled in, built together with all other members.
const TOGETHER: &str = "weblog-with-every-binder";
/// How long a run of the example may take.
const PATIENCE: Duration = Duration::from_secs(90);
const GRACE: Duration = Duration::from_secs(20);

/// Build the example together with the whole workspace, every binder compiled in.
pub(crate) fn build() -> Step {
    step("build: all members together, every binder", || {
        let features = Kind::ALL.map(|kind| format!("weblog/{}", kind.name())).join(",");
        build::build(TOGETHER, &["--workspace", "--features", &features]).map(drop)
    })
}

/// The steps of each binder.
pub(crate) fn steps(scope: Scope) -> Vec<Step> {
    let memory = step("weblog with every binder compiled in, memory chosen", || {
        answer::compare(
            &weblog("memory")?.report(&[], &folder()?, PATIENCE)?,
            &exact(answer::of_the_sample()),
        )
    });
    let mock =
        step("conformance on kafka's mock cluster", || conformance::check(Target::KafkaMock));
    let mut steps = vec![memory.about("memory"), mock.about("kafka")];
    for kind in Kind::ALL {
        steps.extend(refusals::steps(kind).map(|step| step.about(kind.name())));
        let on = on(kind, scope.full).into_iter();
        steps.extend(on.map(|step| step.needs_brokers(scope).about(kind.name())));
    }
    steps
}

/// The steps that need the broker to be up.
fn on(kind: Kind, full: bool) -> Vec<Step> {
    let name = kind.name();
    let mut steps = vec![
        step(format!("conformance on {name}"), move || conformance::check(kind.into())),
        step(format!("binder-{name}: its tests on the broker"), move || {
            command::run(&mut on_the_broker(kind))
        }),
        step(format!("weblog on {name}: its tests"), move || command::run(&mut example(kind))),
        step(format!("weblog on {name}: its tests again, on the same destinations"), move || {
            command::run(&mut example(kind))
        }),
        step(format!("weblog with feature {name} alone, nothing configured"), move || alone(kind)),
        step(format!("weblog on {name}: one function per process"), move || separate(kind)),
    ];
    steps.extend(known_answer(kind));
    steps.extend(refusals::wrong_password(kind));
    let times = if full { 20 } else { 3 };
    for time in 1..=times {
        let what = format!("weblog on {name}: 1,000 lines emitted at once ({time} of {times})");
        steps.push(step(what, move || at_once(kind)));
    }
    steps.push(step(format!("kill test on {name}"), move || {
        // Fault rows stop a process in each run of the tests.
        let (kill, terminate) = if full { (10, 5) } else { (1, 0) };
        kill::survive(kind, Rounds { kill, terminate })
    }));
    steps
}

/// The binder's own tests, which ask the environment where the broker is.
fn on_the_broker(kind: Kind) -> Command {
    let mut cargo = program();
    let package = format!("binder-{}", kind.name());
    cargo.args(["test", "--quiet", "--package", &package, "--test", "broker", "--"]);
    kind.tell(cargo.arg("--include-ignored"));
    cargo
}

/// The example's own test of the known answer; those of 10,000 lines need the log.
fn example(kind: Kind) -> Command {
    let mut cargo = program();
    cargo.args(["test", "--quiet", "--package", "weblog", "--features", kind.name()]);
    cargo.args(["--test", "known_answer", "--"]).env("WEBLOG_BINDER", kind.name());
    if log::named().is_some() {
        cargo.arg("--include-ignored");
    }
    cargo
}

/// Says that the tests of 10,000 lines were left out, where they were.
fn known_answer(kind: Kind) -> Option<Step> {
    let what = format!("weblog on {}: the known answer", kind.name());
    log::named().is_none().then(|| step(what, || Ok(())).needs_the_log())
}

/// The only broker that is compiled in is the one that is used.
fn alone(kind: Kind) -> Result<()> {
    let name = kind.name();
    let executable =
        build::build(&format!("weblog-{name}"), &["--package", "weblog", "--features", name])?;
    let log = log::named_or_made()?;
    let weblog = Weblog { executable, binder: None };
    let report = weblog.report(&[&log.path.to_string_lossy()], &folder()?, PATIENCE)?;
    answer::compare(&report, &exact(log.answer))
}

/// A thousand lines as fast as they are taken.
fn at_once(kind: Kind) -> Result<()> {
    let log = log::made(1_000)?;
    let path = log.path.to_string_lossy();
    let report = weblog(kind.name())?.report(&[&path], &folder()?, PATIENCE)?;
    answer::compare(&report, &exact(log.answer))
}

/// Four processes, one function each; `tally` stands for the four that count.
fn separate(kind: Kind) -> Result<()> {
    let (weblog, log, folder) = (weblog(kind.name())?, log::named_or_made()?, folder()?);
    let until = Instant::now() + PATIENCE;
    let start = |function: &str, log: Option<&PathBuf>| {
        let mut command = weblog.command(&folder);
        Process::start(command.args(["--only", function]).args(log), function, &folder)
    };
    let mut readers = [start("parse", None)?, start("alerts", None)?, start("tally", None)?];
    for reader in &mut readers {
        reader.wait_until_it_logs("ready", until)?;
    }
    let mut lines = start("lines", Some(&log.path))?;
    let report = loop {
        // A run that was cut short earlier may be reported too, as incomplete.
        if let Some(report) = complete(&readers[2].output()?) {
            break report;
        }
        lines.go_on_waiting("to run until the report", until)?;
    };
    answer::compare(&report, &exact(log.answer))?;
    let [mut parse, mut alerts, mut tally] = readers;
    for process in [&mut lines, &mut parse, &mut alerts, &mut tally] {
        process.terminate(GRACE)?;
    }
    Ok(())
}

fn complete(printed: &str) -> Option<Value> {
    let mut reports = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    reports.find(|report| report["complete"] == true)
}

/// The figures of a log, and no line twice: nothing was killed.
fn exact(mut answer: Value) -> Value {
    answer["duplicates"] = json!(0);
    answer
}

/// The build of all members together, with that binder chosen.
pub(crate) fn weblog(binder: &'static str) -> Result<Weblog> {
    Ok(Weblog { executable: build::kept(TOGETHER)?, binder: Some(binder) })
}

fn folder() -> Result<PathBuf> {
    command::scratch("weblog")
}
