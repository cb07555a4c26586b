//! `dlq list`, `dlq show` and `dlq redrive` on the command line.

use std::fmt::Display;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use binder_core::{Error, ErrorKind, Result};
use clap::{Args, Subcommand};

use super::stores::{self, Store};
use super::{DeadLetters, RedriveEnd, RedriveOptions, Redriven, json, text};
use crate::app::exit::Exit;
use crate::app::signals::Signals;

/// Between two lines about how far a redrive is.
const PROGRESS: Duration = Duration::from_secs(5);

// No doc comment: clap would show it as the description.
#[derive(Clone, Debug, Args)]
pub(in crate::app) struct Dlq {
    #[command(subcommand)]
    what: What,

    /// The configuration file, TOML or YAML [default: $BINDER_CONFIG, else ./binder.toml if there
    /// is one]
    #[arg(long, value_name = "FILE", global = true)]
    pub(in crate::app) config: Option<PathBuf>,

    /// Set one configuration key, over file and environment
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub(in crate::app) set: Vec<String>,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// What waits in each store of dead letters; nothing is changed
    List {
        /// One array of objects, for programs
        #[arg(long)]
        json: bool,
    },
    /// The letters of a store, oldest first; nothing is changed
    Show {
        /// The store, as `dlq list` names it
        destination: String,
        /// How many at most
        #[arg(long, value_name = "N", default_value = "10")]
        limit: NonZeroUsize,
        /// One object a line, with everything in full: bytes that are no text as base64
        #[arg(long)]
        json: bool,
    },
    /// Send letters back to the group at which they failed, oldest first
    ///
    /// A letter is taken out of the store when the broker has confirmed it. The command looks at
    /// what the store holds when it begins and ends then; stopped or killed before, it goes on from
    /// there when it is given again. Letters that cannot go back stay, and are told with the reason.
    Redrive {
        /// The store, as `dlq list` names it
        destination: String,
        /// How many letters at most
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
        /// How many letters a second; 0 or `off` is as fast as they are taken
        #[arg(long, value_name = "N", default_value = "100", value_parser = rate)]
        rate: Rate,
        /// Leave letters that were redriven so often already
        #[arg(long, value_name = "N", default_value_t = RedriveOptions::default().max_redrives)]
        max_redrives: u32,
        /// Say what would happen, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Letters a second; without end where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rate(Option<f64>);

fn rate(text: &str) -> Result<Rate, String> {
    if text == "off" {
        return Ok(Rate(None));
    }
    match text.parse::<f64>() {
        Ok(0.0) => Ok(Rate(None)),
        Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(Rate(Some(rate))),
        _ => Err("give a number of letters a second, or `off`".to_owned()),
    }
}

/// Does what the command says. `say` writes a line to standard error.
///
/// # Errors
///
/// What stands against it before anything is done.
pub(in crate::app) async fn run(
    command: Dlq,
    letters: &DeadLetters,
    signals: Signals,
    say: impl Fn(&dyn Display),
) -> Result<Exit> {
    match command.what {
        What::List { json } => or_signal(signals, list(letters, json, say)).await,
        What::Show { destination, limit, json } => {
            or_signal(signals, show(letters, &destination, limit.get(), json)).await
        }
        What::Redrive { destination, limit, rate, max_redrives, dry_run } => {
            let options = RedriveOptions { limit, rate: rate.0, max_redrives, dry_run };
            redrive(letters, &destination, &options, signals, say).await
        }
    }
}

/// Reading can be given up at any time.
async fn or_signal(
    mut signals: Signals,
    reading: impl Future<Output = Result<()>>,
) -> Result<Exit> {
    tokio::select! {
        read = reading => read.map(|()| Exit::Drained),
        _ = signals.next() => Ok(Exit::Drained),
    }
}

async fn list(letters: &DeadLetters, as_json: bool, say: impl Fn(&dyn Display)) -> Result<()> {
    let (durable, others): (Vec<_>, Vec<_>) =
        letters.stores.iter().partition(|store| letters.is_durable(store));
    if let (true, Some(store)) = (durable.is_empty(), others.first()) {
        return Err(not_here(store));
    }
    for store in others {
        say(&format_args!("left out: {}", not_here(store)));
    }
    let mut all = Vec::new();
    for store in durable {
        all.push(letters.summary(store).await?);
    }
    if as_json {
        let all: Vec<_> = all.iter().map(json::summary).collect();
        print(&json::line(&all.into()));
    } else if all.is_empty() {
        say(&stores::nothing());
    } else {
        print(&all.iter().map(text::summary).collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

async fn show(letters: &DeadLetters, destination: &str, limit: usize, as_json: bool) -> Result<()> {
    durable(letters, destination)?;
    let mut shown = 0;
    let print_one = |letter| {
        shown += 1;
        match as_json {
            true => print(&json::line(&json::letter(&letter))),
            false if shown == 1 => print(&text::letter(&letter, shown)),
            false => print(&format!("\n{}", text::letter(&letter, shown))),
        }
    };
    letters.look(destination, limit, print_one).await?;
    if shown == 0 && !as_json {
        print("empty\n");
    }
    Ok(())
}

async fn redrive(
    letters: &DeadLetters,
    destination: &str,
    options: &RedriveOptions,
    mut signals: Signals,
    say: impl Fn(&dyn Display),
) -> Result<Exit> {
    durable(letters, destination)?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async {
        // The other end lives as long as this.
        drop(stopped.await);
    };
    let mut told = Instant::now();
    let progress = |done: &Redriven| {
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            say(&text::progress(done));
        }
    };
    let redriving = letters.redrive(destination, options, stopped, progress);
    tokio::pin!(redriving);
    let done = tokio::select! {
        done = &mut redriving => done?,
        name = signals.next() => {
            say(&format_args!("{name}: waiting for what is on its way"));
            // It may have ended by itself meanwhile.
            stop.send(()).ok();
            tokio::select! {
                done = &mut redriving => done?,
                _ = signals.next() => return Ok(Exit::Overdue),
            }
        }
    };
    print(&text::redriven(&done, options.dry_run));
    match done.end {
        RedriveEnd::Failed(error) => {
            say(&error);
            Ok(Exit::Failed)
        }
        _ => Ok(Exit::Drained),
    }
}

/// # Errors
///
/// For a store that is not there, or not to be seen from another process than the one that wrote it.
fn durable(letters: &DeadLetters, destination: &str) -> Result<()> {
    let store = stores::find(&letters.stores, destination)?;
    if letters.is_durable(store) { Ok(()) } else { Err(not_here(store)) }
}

fn not_here(store: &Store) -> Error {
    let why = "its dead letters live and die in the process that runs the application, so no \
               other process can read them";
    Error::new(ErrorKind::Unsupported, why)
        .at_binder(store.binder.as_str())
        .at_destination(store.destination.as_str())
        .with_hint("let a function read the destination, or run on a broker")
}

/// To standard output; when nobody reads it any more, there is nobody to tell either.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_or_off() {
        assert_eq!(rate("2.5"), Ok(Rate(Some(2.5))));
        assert_eq!(rate("0"), Ok(Rate(None)));
        assert_eq!(rate("off"), Ok(Rate(None)));
        for wrong in ["-1", "fast", "inf", "NaN", ""] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
