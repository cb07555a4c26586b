//! `cargo xtask kill`: processes of the example are killed at random moments, and nothing is lost.

mod chance;
mod check;
mod ledger;
mod round;
mod stage;
mod table;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    brokers::{self, Claim, Kind},
    command,
    weblog::{Weblog, build, log},
};

use round::Outcome;

pub(crate) use chance::Chance;
use stage::{Ending, Stage};

/// The command line of `cargo xtask kill`.
#[derive(Debug, Args)]
#[command(after_help = "\
In a round two processes run `parse` alone, and a third runs everything on a log of 10,000 lines \
(the one that WEBLOG_LOG names, otherwise a made one). At a random moment one of the two is \
stopped, its ledger is read, and it is killed with SIGKILL. The report must be complete all the \
same, what it had begun must be begun again elsewhere, and at most 256 lines may come twice. One \
that is told to end by SIGTERM must end in good order with no line twice, also as counted by an \
independent client.\n\n\
The mutant acknowledges before it publishes. With it the test must find the loss: the command \
succeeds when at least nine of ten rounds fail.\n\n\
Ledgers and logs of the last run stand in target/kill/.")]
pub(crate) struct Arguments {
    /// The broker to run on; it is brought up if need be.
    #[arg(long)]
    broker: Kind,
    /// So many rounds that end with SIGKILL.
    #[arg(long, default_value_t = 10)]
    rounds: u32,
    /// So many rounds that end with SIGTERM [default: 3, none for the mutant].
    #[arg(long, conflicts_with = "mutant")]
    terminate: Option<u32>,
    /// Run the build that acknowledges before it publishes, and expect the rounds to fail.
    #[arg(long)]
    mutant: bool,
    /// Choose the moments of an earlier run, which printed it.
    #[arg(long)]
    seed: Option<u64>,
}

/// Run the rounds and print their table.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let seed = arguments.seed.unwrap_or_else(Chance::seed);
    brokers::up(arguments.broker)?;
    let rounds = if arguments.mutant {
        Rounds { kill: arguments.rounds, terminate: 0 }
    } else {
        Rounds { kill: arguments.rounds, terminate: arguments.terminate.unwrap_or(3) }
    };
    if arguments.mutant {
        catch_the_mutant(arguments.broker, rounds, seed)?;
    } else {
        survive_from(arguments.broker, rounds, seed)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How many rounds of which kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    pub(crate) kill: u32,
    pub(crate) terminate: u32,
}

/// The example on a broker is run by one of us at a time.
pub(crate) fn claim(broker: Kind) -> Result<Claim> {
    Claim::take(command::scratch("kill")?.join(format!("{}.running", broker.name())))
}

/// The example for a broker, built with these hooks, and the log that it reads.
fn stage(broker: Kind, hooks: &str) -> Result<Stage> {
    let binder = broker.name();
    let features = format!("{binder},{hooks}");
    let name = format!("weblog-{binder}-{hooks}");
    let executable = build::build(&name, &["--package", "weblog", "--features", &features])?;
    Ok(Stage {
        broker,
        weblog: Weblog { executable, binder: Some(binder) },
        log: log::named_or_made()?,
    })
}

/// Every round has to hold, at moments that chance chooses.
pub(crate) fn survive(broker: Kind, rounds: Rounds) -> Result<()> {
    survive_from(broker, rounds, Chance::seed())
}

fn survive_from(broker: Kind, rounds: Rounds, seed: u64) -> Result<()> {
    let outcomes = play(broker, "fault-hooks", rounds, seed)?;
    let failed = outcomes.iter().filter(|outcome| !outcome.faults.is_empty()).count();
    if failed > 0 {
        bail!("{failed} of {} rounds failed on {}", outcomes.len(), broker.name());
    }
    let idle = |outcome: &&Outcome| outcome.ending == Ending::Kill && outcome.open == 0;
    let idle = outcomes.iter().filter(idle).count();
    if idle > 0 {
        bail!("{idle} rounds prove nothing: what was killed had nothing in flight");
    }
    Ok(())
}

/// At least nine of ten rounds have to fail, and by a loss.
fn catch_the_mutant(broker: Kind, rounds: Rounds, seed: u64) -> Result<()> {
    let outcomes = play(broker, "mutant-acknowledge-first", rounds, seed)?;
    let caught = outcomes.iter().filter(|outcome| outcome.lost > 0).count();
    println!("the mutant was caught in {caught} of {} rounds", outcomes.len());
    if caught == 0 || caught * 10 < outcomes.len() * 9 {
        bail!("the kill test does not see the loss: a mutant must fail nine of ten rounds");
    }
    Ok(())
}

fn play(broker: Kind, hooks: &str, rounds: Rounds, seed: u64) -> Result<Vec<Outcome>> {
    println!("kill test on {}, seed {seed}", broker.name());
    let _claim = claim(broker)?;
    let stage = stage(broker, hooks)?;
    let mut chance = Chance::new(seed);
    let kills = (0..rounds.kill).map(|_| Ending::Kill);
    let all = kills.chain((0..rounds.terminate).map(|_| Ending::Terminate));
    let mut outcomes = Vec::new();
    for (number, ending) in (1..).zip(all) {
        let outcome = round::play(&stage, ending, number, &mut chance)?;
        println!("{}", table::line(number, &outcome));
        outcomes.push(outcome);
    }
    print!("\n{}", table::of(&outcomes));
    Ok(outcomes)
}
