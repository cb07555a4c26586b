//! `cargo xtask test`: every check of the project, one step after the other.

mod applications;
mod binders;
mod faults;
mod features;
mod memory;
mod refusals;
mod report;
mod simulation;
mod steps;
mod stranger;

use std::{process::ExitCode, time::Instant};

use anyhow::Result;
use clap::Args;

use report::{Report, Verdict};
use steps::{Scope, Work};

/// The command line of `cargo xtask test`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each step is printed with its time; the first that fails ends the run. The last line is \
`N passed, N failed`, the lines above it say what became of each step, and of the steps of each \
binder.\n\n\
WEBLOG_LOG names a web-server access log of 10,000 real requests whose figures are known. Where it \
is not set, the steps that need it are listed as ignored.")]
pub(crate) struct Arguments {
    /// Repeat what happens by chance: ten kills and five stops a broker instead of one kill, twenty
    /// bursts at start instead of three, and every fault row five times instead of some of them
    /// once. Takes about an hour more.
    #[arg(long)]
    full: bool,
    /// Leave out what needs a broker, and list it as ignored.
    #[arg(long)]
    without_brokers: bool,
    /// Go on after a step that fails.
    #[arg(long)]
    keep_going: bool,
    /// Begin with this step, as it is numbered in the output; those before it are not run
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    from: usize,
}

/// Run the steps and report; the report is the last thing printed.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let steps = steps::all(Scope { brokers: !arguments.without_brokers, full: arguments.full })?;
    let count = steps.len();
    let mut report = Report::default();
    for (number, step) in (1..).zip(steps) {
        let verdict = match step.work {
            Work::Ignored(reason) => Verdict::Ignored(reason),
            Work::Run(_) if number < arguments.from => Verdict::NotRun,
            Work::Run(_) if report.has_failed() && !arguments.keep_going => Verdict::NotRun,
            Work::Run(work) => {
                println!("[{number}/{count}] {}", step.name);
                let begun = Instant::now();
                match work() {
                    Ok(()) => Verdict::Passed(begun.elapsed()),
                    Err(error) => Verdict::Failed(begun.elapsed(), format!("{error:#}")),
                }
            }
        };
        println!("[{number}/{count}] {}", report::line(&step.name, &verdict));
        report.add(step.name, step.binder, verdict);
    }
    print!("\n{report}");
    Ok(if report.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
