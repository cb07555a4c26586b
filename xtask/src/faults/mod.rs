//! `cargo xtask faults`: rows of the fault matrix, by number.

mod check;
mod ledger;
mod outcome;
mod page;
mod proxy;
mod row;
mod rows;
mod stage;
mod table;
mod view;

use std::{process::ExitCode, time::Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    brokers,
    conformance::Binder,
    kill::{self, Chance},
};

use outcome::{Outcome, Run};
use stage::Stage;

pub(crate) use outcome::PROOF;
pub(crate) use row::Row;

/// The command line of `cargo xtask faults`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each row runs the application in faults/ on some thousand jobs, breaks something while it works, \
and holds its ledger against what a client of its own finds at the broker: no job may be lost, no \
more may come twice than were in flight, none may overtake an earlier one of its key, and nothing \
may be settled before it has arrived.\n\n\
A row with fewer than five runs is reported as unproved.\n\n\
Examples:\n  \
cargo xtask faults --binder memory\n  \
cargo xtask faults --binder amqp --only F02 --runs 1 --json")]
pub(crate) struct Arguments {
    /// The binder to break something under; its broker is brought up if need be.
    #[arg(long, value_enum)]
    binder: Binder,
    /// Run one row alone, for example `--only F02`.
    #[arg(long, value_enum, ignore_case = true)]
    only: Option<Row>,
    /// How often each row is run.
    #[arg(long, default_value_t = PROOF)]
    runs: u32,
    /// Print one JSON object instead of the table: `binder`, `version` and `rows`, each with
    /// `id`, `name`, `runs`, `lost`, `duplicated`, `reordered`, `commit_ahead`, `recovery_seconds`
    /// (the longest), `longest_run_seconds`, `result`, `left_out`, `faults`, `commit` and `date`.
    #[arg(long)]
    json: bool,
    /// Keep the result, beside rows that were run before, and write the table of all binders again:
    /// `--binder memory --write` writes docs/results/faults-memory.json and docs/spec/faults.md.
    #[arg(long)]
    write: bool,
    /// Build a fault of the framework in, which rows have to find: `--only F17c --mutant
    /// acknowledge-before-dead-letter`. The features `mutant-…` of `stream-binder` say what there is.
    #[arg(long, value_name = "NAME", conflicts_with = "write")]
    mutant: Option<String>,
    /// Choose the moments of an earlier run, which printed it.
    #[arg(long)]
    seed: Option<u64>,
}

/// Run the rows and print them.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(row) = arguments.only.filter(|row| !row.is_on(arguments.binder)) {
        bail!("there is no {} on {}: {}", row.id(), arguments.binder.name(), row.name());
    }
    let rows = Row::all().filter(|row| arguments.only.is_none_or(|only| only == *row));
    let seed = arguments.seed.unwrap_or_else(Chance::seed);
    let stage = Stage::new(arguments.binder, arguments.mutant.as_deref())?;
    let outcomes = play(&stage, &rows.collect::<Vec<_>>(), arguments.runs, seed)?;
    let result = page::json(arguments.binder, &outcomes)?;
    if arguments.json {
        println!("{result}");
    } else {
        print!("{}", table::of(arguments.binder, &outcomes));
    }
    if arguments.write {
        page::keep(arguments.binder, &result)?;
    }
    let failed = outcomes.iter().any(Outcome::has_failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Run one row and print its table; an error if it has failed.
pub(crate) fn check(binder: Binder, row: Row, runs: u32) -> Result<()> {
    let stage = Stage::new(binder, None)?;
    let outcomes = play(&stage, &[row], runs, Chance::seed())?;
    print!("{}", table::of(binder, &outcomes));
    let faults: Vec<&str> = outcomes.iter().flat_map(Outcome::faults).collect();
    if faults.is_empty() { Ok(()) } else { bail!("{}", faults.join(", ")) }
}

/// Run those of the rows that there are on a binder.
fn play(stage: &Stage, rows: &[Row], runs: u32, seed: u64) -> Result<Vec<Outcome>> {
    let binder = stage.binder;
    eprintln!("faults on {}, seed {seed}", binder.name());
    let _claim = match binder.broker() {
        Some(broker) => {
            brokers::up(broker)?;
            Some(kill::claim(broker)?)
        }
        None => None,
    };
    let mut chance = Chance::new(seed);
    let mut outcomes = Vec::new();
    for &row in rows.iter().filter(|row| row.is_on(binder)) {
        let mut played = Vec::new();
        for number in 1..=runs {
            let begun = Instant::now();
            // What cannot be played to its end has not held.
            let mut run = rows::play(stage, row, number, &mut chance).unwrap_or_else(Run::failed);
            run.took = begun.elapsed();
            eprintln!("{}", table::line(row, number, &run));
            played.push(run);
        }
        outcomes.push(Outcome { row, runs: played, left_out: rows::left_out(row, binder) });
    }
    Ok(outcomes)
}
