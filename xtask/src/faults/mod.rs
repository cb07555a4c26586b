//! `cargo xtask faults`: rows of the fault matrix, by number.

mod broker;
mod row;
mod table;

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::{
    brokers::{self, Kind},
    kill::{self, Chance, Ending},
};

use row::Row;

/// The command line of `cargo xtask faults`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each row runs the example on a log of 10,000 lines, breaks something while it works, and holds its \
report against the known figures: no line may be lost, and no more may come twice than were in \
flight.\n\n  \
F00  a process is killed by SIGKILL; others finish its work\n  \
F01  a process is told to end by SIGTERM; it finishes what it has begun, nothing comes twice\n  \
F02  the broker is killed by SIGKILL and started again after five seconds\n\n\
A row with fewer than five runs is reported as unproved. A broker that was not started by \
`cargo xtask brokers up` is not killed: F02 is an error there.\n\n\
Examples:\n  \
cargo xtask faults --binder kafka\n  \
cargo xtask faults --binder amqp --only F02 --runs 1 --json")]
pub(crate) struct Arguments {
    /// The broker to run on; it is brought up if need be.
    #[arg(long, value_enum)]
    binder: Kind,
    /// Run one row alone, for example `--only F02`.
    #[arg(long, value_enum, ignore_case = true)]
    only: Option<Row>,
    /// How often each row is run.
    #[arg(long, default_value_t = 5)]
    runs: u32,
    /// Print one JSON object instead of the table: `binder` and `rows`, each with `id`, `name`,
    /// `runs`, `lost`, `duplicates`, `recovery_seconds` (the longest) and `result`.
    #[arg(long)]
    json: bool,
    /// Choose the moments of an earlier run, which printed it.
    #[arg(long)]
    seed: Option<u64>,
}

/// What one run of a row came to.
#[derive(Clone, Debug)]
struct Run {
    /// Lines that never arrived.
    lost: u64,
    /// Lines that came again.
    duplicates: u64,
    /// From the end of what was broken until work went on; none if it did not.
    recovery: Option<Duration>,
    /// What did not hold.
    faults: Vec<String>,
}

/// What a row came to.
#[derive(Debug)]
struct Outcome {
    row: Row,
    runs: Vec<Run>,
}

/// Run the rows and print them.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let broker = arguments.binder;
    brokers::up(broker)?;
    let seed = arguments.seed.unwrap_or_else(Chance::seed);
    eprintln!("faults on {}, seed {seed}", broker.name());
    let _claim = kill::claim(broker)?;
    let stage = kill::stage(broker, "fault-hooks")?;
    let mut chance = Chance::new(seed);
    let mut outcomes = Vec::new();
    for row in Row::all().filter(|row| arguments.only.is_none_or(|only| only == *row)) {
        let mut runs = Vec::new();
        for number in 1..=arguments.runs {
            let run = play(&stage, row, number, &mut chance)?;
            eprintln!("{}", table::line(row, number, &run));
            runs.push(run);
        }
        outcomes.push(Outcome { row, runs });
    }
    if arguments.json {
        println!("{}", json(broker, &outcomes));
    } else {
        print!("{}", table::of(broker, &outcomes));
    }
    let failed = outcomes.iter().any(Outcome::has_failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn play(stage: &kill::Stage, row: Row, number: u32, chance: &mut Chance) -> Result<Run> {
    let ended = |ending, chance: &mut Chance| {
        let outcome = kill::round::play(stage, ending, number, chance)?;
        let kill::round::Outcome { lost, duplicates, recovery, faults, .. } = outcome;
        Ok(Run { lost, duplicates, recovery, faults })
    };
    match row {
        Row::F00 => ended(Ending::Kill, chance),
        Row::F01 => ended(Ending::Terminate, chance),
        Row::F02 => broker::killed(stage, number, chance),
    }
}

impl Run {
    /// Of a report that was read, with what did not hold.
    fn of(report: &Value, recovery: Option<Duration>, faults: Vec<String>) -> Self {
        Self {
            lost: report["missing"]["count"].as_u64().unwrap_or(0),
            duplicates: report["duplicates"].as_u64().unwrap_or(u64::MAX),
            recovery,
            faults,
        }
    }
}

impl Outcome {
    /// So many runs prove a row.
    const PROOF: usize = 5;

    fn has_failed(&self) -> bool {
        self.runs.iter().any(|run| !run.faults.is_empty())
    }

    fn result(&self) -> &'static str {
        match (self.has_failed(), self.runs.len() < Self::PROOF) {
            (true, _) => "failed",
            (false, true) => "unproved",
            (false, false) => "held",
        }
    }

    fn lost(&self) -> u64 {
        self.runs.iter().map(|run| run.lost).sum()
    }

    fn duplicates(&self) -> u64 {
        self.runs.iter().map(|run| run.duplicates).max().unwrap_or(0)
    }

    /// The longest; none where one run did not recover.
    fn recovery(&self) -> Option<Duration> {
        let all: Option<Vec<_>> = self.runs.iter().map(|run| run.recovery).collect();
        all?.into_iter().max()
    }
}

fn json(broker: Kind, outcomes: &[Outcome]) -> Value {
    let row = |outcome: &Outcome| {
        json!({
            "id": outcome.row.id(),
            "name": outcome.row.name(),
            "runs": outcome.runs.len(),
            "lost": outcome.lost(),
            "duplicates": outcome.duplicates(),
            "recovery_seconds": outcome.recovery().map(|time| time.as_secs_f64()),
            "result": outcome.result(),
        })
    };
    json!({ "binder": broker.name(), "rows": outcomes.iter().map(row).collect::<Vec<_>>() })
}
