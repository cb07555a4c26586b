//! Random schedules of deliveries, failures, refusals, revocations, crashes and restarts against a
//! model broker: nothing is lost, the order of a key is kept, what is in flight is bounded.
//!
//! `cargo test -p stream-binder --test simulation -- --help` tells how many and which.

mod application;
mod check;
mod connection;
#[path = "../common/dice.rs"]
mod dice;
#[path = "../common/fate.rs"]
mod fate;
mod group;
mod message;
mod outlet;
mod plan;
mod play;
mod reading;
mod seen;
mod world;

use std::panic::resume_unwind;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;

use crate::plan::Plan;
use crate::play::{Verdict, play};
use crate::seen::Coverage;

/// Plays random schedules against a model broker and checks that nothing is lost, nothing more often
/// published than delivered, and nothing out of order. What is broken is printed with its seed,
/// which plays the same schedule again.
#[derive(Debug, Parser)]
#[command(name = "simulation", bin_name = "cargo test -p stream-binder --test simulation --")]
struct Arguments {
    /// How many schedules to play.
    #[arg(long, default_value_t = 5_000)]
    schedules: u64,
    /// The seed of the first schedule; the others follow.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Plays this schedule alone and prints everything that happens in it.
    #[arg(long, conflicts_with_all = ["schedules", "first"])]
    seed: Option<u64>,
    /// Plays only if one of these is part of the word `simulation`.
    filters: Vec<String>,
    /// Says that there is one test, for programs that ask.
    #[arg(long, hide = true)]
    list: bool,
    /// There is none that is ignored.
    #[arg(long, hide = true)]
    ignored: bool,
    #[command(flatten)]
    _of_other_programs: OfOtherPrograms,
}

/// What `cargo test` hands to all test programs and this one has no use for.
#[derive(Debug, clap::Args)]
struct OfOtherPrograms {
    #[arg(long, short, hide = true)]
    quiet: bool,
    #[arg(long, hide = true)]
    nocapture: bool,
    #[arg(long, hide = true)]
    include_ignored: bool,
    #[arg(long, hide = true)]
    test_threads: Option<usize>,
    #[arg(long, hide = true)]
    exact: bool,
    #[arg(long, hide = true)]
    skip: Vec<String>,
    #[arg(long, hide = true)]
    color: Option<String>,
    #[arg(long, hide = true)]
    format: Option<String>,
}

/// After so many broken schedules the others would tell nothing new.
const ENOUGH: usize = 5;
/// Each of so many schedules is played twice, and has to happen the same way.
const TWICE: u64 = 200;
/// Below this chance decides whether everything happened often enough.
const COVERED_FROM: u64 = 2_000;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list || arguments.ignored {
        if !arguments.ignored {
            println!("simulation: test");
        }
        return ExitCode::SUCCESS;
    }
    let wanted = |filter: &String| "simulation".contains(filter.as_str());
    if !arguments.filters.is_empty() && !arguments.filters.iter().any(wanted) {
        println!("simulation: filtered out");
        return ExitCode::SUCCESS;
    }
    match arguments.seed {
        Some(seed) => replay(seed),
        None => explore(arguments.first, arguments.schedules),
    }
}

fn replay(seed: u64) -> ExitCode {
    let plan = Plan::new(seed);
    print!("{plan}");
    let Verdict { trace, violations, .. } = play(&plan, true);
    trace.iter().for_each(|line| println!("{line}"));
    violations.iter().for_each(|violation| println!("broken: {violation}"));
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn explore(first: u64, schedules: u64) -> ExitCode {
    let began = Instant::now();
    let next = AtomicU64::new(first);
    let enough = AtomicUsize::new(0);
    let work = || {
        let mut found = Found::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed - first >= schedules || enough.load(Ordering::Relaxed) >= ENOUGH {
                return found;
            }
            let plan = Plan::new(seed);
            let twice = seed - first < TWICE;
            let mut verdict = play(&plan, twice);
            found.coverage.add(&verdict.seen);
            if twice && play(&plan, true).trace != verdict.trace {
                verdict.violations.push("does not happen the same way twice".into());
            }
            if !verdict.violations.is_empty() {
                enough.fetch_add(1, Ordering::Relaxed);
                found.broken.push((seed, verdict.violations));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let found = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let found =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|p| resume_unwind(p)));
        found.reduce(Found::merge).unwrap_or_default()
    });
    print!("{}", found.coverage);
    println!("played in {:.1?}", began.elapsed());
    found.report(first, schedules >= COVERED_FROM)
}

/// What schedules have brought to light.
#[derive(Default)]
struct Found {
    coverage: Coverage,
    broken: Vec<(u64, Vec<String>)>,
}

impl Found {
    fn merge(mut self, mut other: Self) -> Self {
        self.coverage.merge(&other.coverage);
        self.broken.append(&mut other.broken);
        self
    }

    fn report(mut self, first: u64, covers: bool) -> ExitCode {
        self.broken.sort();
        for (seed, violations) in &self.broken {
            let number = seed - first + 1;
            println!("broken: seed {seed}, schedule {number}: {}", violations.join("; "));
            println!("  again: cargo test -p stream-binder --test simulation -- --seed {seed}");
        }
        let gaps = self.coverage.gaps();
        let thin = covers && self.broken.is_empty() && !gaps.is_empty();
        if thin {
            println!("too seldom: {}", gaps.join(", "));
        }
        if self.broken.is_empty() && !thin { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
