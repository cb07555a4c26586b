//! `cargo xtask`: the chores of this repository, in Rust so that they run wherever the project does.

#![forbid(unsafe_code)]

mod bench;
mod brokers;
mod command;
mod conformance;
mod faults;
mod kill;
mod test;
mod weblog;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of stream-binder.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Set everything up and run every check of the project; stops at the first failure.
    Test(test::Arguments),
    /// Bring real brokers up on loopback, take them down, or say how they stand.
    Brokers(brokers::Arguments),
    /// Run the conformance suite on a binder, and judge each number of its specification.
    Conformance(conformance::Arguments),
    /// Break something under the example in a chosen way, and see that nothing is lost.
    Faults(faults::Arguments),
    /// Kill processes of the example at random moments and see that nothing is lost.
    Kill(kill::Arguments),
    /// Measure the framework beside programs written by hand, in turns, on the same broker.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Test(arguments) => test::run(&arguments),
        Chore::Brokers(arguments) => brokers::run(&arguments).map(|()| ExitCode::SUCCESS),
        Chore::Conformance(arguments) => conformance::run(&arguments),
        Chore::Faults(arguments) => faults::run(&arguments),
        Chore::Kill(arguments) => kill::run(&arguments),
        Chore::Bench(arguments) => bench::run(&arguments),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
