//! `cargo xtask conformance`: what a binder shows of the specification, number by number.

mod judge;
mod numbers;
mod page;
mod record;
mod report;
mod rules;
mod target;
#[cfg(test)]
mod texts;

use std::{fs, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command;

use judge::judge;
use numbers::Number;
use record::Played;
use report::Report;
use rules::Rules;
pub(crate) use target::{Binder, Target};

/// The command line of `cargo xtask conformance`.
#[derive(Debug, Args)]
#[command(after_help = "\
Builds and runs the conformance program of the binder, and judges each number of \
docs/spec/binder.md, C01 to C48, by the cases whose names begin with it: failed if one failed, \
passed if one ran and none failed (the reason names what was left out), ignored if none ran. What \
may be ignored stands in docs/spec/allowed-ignores.toml; whatever else is ignored has failed. A \
failure is exit code 1.\n\n\
Kafka and RabbitMQ must be up, unless `--mock` is given: `cargo xtask brokers up` starts them.\n\n\
Examples:\n  \
cargo xtask conformance --binder memory\n  \
cargo xtask conformance --binder kafka --mock --only C13\n  \
cargo xtask conformance --binder amqp --json > amqp.json\n  \
cargo xtask conformance --binder kafka --write")]
pub(crate) struct Arguments {
    /// The binder to judge, for example `--binder kafka`; `rabbitmq` is `amqp`.
    #[arg(long, value_enum)]
    binder: Binder,
    /// Run on the mock cluster inside the process, which needs no broker: `--binder kafka --mock`.
    #[arg(long)]
    mock: bool,
    /// Run and judge one number alone, for example `--only C07`.
    #[arg(long, value_name = "NUMBER", value_parser = Number::parse)]
    only: Option<Number>,
    /// Print one JSON object instead of the table, for example `--json > kafka.json`: `binder`,
    /// `version` and `cases`, each with `id`, `name`, `result`, `reason` and `seconds`. Everything
    /// else goes to standard error.
    #[arg(long)]
    json: bool,
    /// Keep the result and write the table of all binders again: `--binder memory --write` writes
    /// docs/results/conformance-memory.json and docs/spec/conformance.md.
    #[arg(long, conflicts_with = "only")]
    write: bool,
}

/// Run, print and judge.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let target = Target::of(arguments.binder, arguments.mock)?;
    let report = play(target, arguments.only)?;
    if arguments.json {
        println!("{}", report.json());
    } else {
        print!("{report}");
    }
    if arguments.write {
        page::keep(target, &report)?;
    }
    Ok(if report.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Run all of it on one binder and print the table; an error if a number has failed.
pub(crate) fn check(target: Target) -> Result<()> {
    let report = play(target, None)?;
    print!("{report}");
    if report.has_failed() {
        bail!("{}", report.counts());
    }
    Ok(())
}

fn play(target: Target, only: Option<Number>) -> Result<Report> {
    let (rules, version) = (Rules::load()?, target.version()?);
    let played = target.play(only)?;
    nameless(&played)?;
    let numbers = Number::all().filter(|&number| only.is_none_or(|only| only == number));
    let numbers = numbers.map(|number| judge(number, target, &played, &rules)).collect();
    Ok(Report { binder: target.binder(), version, numbers })
}

/// A case without a number would be judged by nobody.
fn nameless(played: &[Played]) -> Result<()> {
    let stray = played.iter().find(|case| Number::of_case(&case.name).is_none());
    stray.map_or(Ok(()), |case| bail!("case `{}` belongs to no number", case.name))
}

/// The text of a file of the repository.
fn read(path: &str) -> Result<String> {
    let file = command::repository().join(path);
    fs::read_to_string(file).with_context(|| format!("cannot read {path}"))
}
