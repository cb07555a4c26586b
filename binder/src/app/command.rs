//! The command line of every application.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::dlq::Dlq;
use super::main::Package;

// No doc comment: clap would show it as the description of the application.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Framework")]
pub(super) struct Framework {
    /// The configuration file, TOML or YAML [default: $BINDER_CONFIG, else ./binder.toml if there
    /// is one]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Set one configuration key, over file and environment, e.g. `--set bindings.orders.group=eu`
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,

    /// Run these functions alone; other processes run the rest
    #[arg(long, value_name = "FUNCTION", value_delimiter = ',')]
    pub(super) only: Vec<String>,
}

/// The arguments of an application that has none.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct NoArgs {}

/// What an application is asked to do.
#[derive(Debug)]
pub(super) enum Asked {
    /// To run.
    Run(Framework),
    /// To look at its dead letters, or to send them back.
    Dlq(Dlq),
}

/// The command of an application with arguments `A`.
fn command<A: Args>(package: &Package) -> Command {
    let command = Command::new(package.name).version(package.version).after_help(
        "The word `run` may stand first. The first word `dlq` lists, shows and redrives dead letters \
         instead (`dlq --help`); an argument of that name goes behind `run`. The broker is chosen by cargo feature and configuration. Every key can be set in the \
         file, in the environment (BINDER__BINDINGS__ORDERS__GROUP) or by --set; \
         RUST_LOG sets what is logged to standard error.\n\n\
         Exit codes: 0 drained, 1 the application failed, 2 refused at start, 3 every input \
         stopped, 4 not drained in time.",
    );
    // The application's own come last, so that a description of them is the command's; and not
    // under our heading.
    A::augment_args(Framework::augment_args(command).next_help_heading(None))
}

/// The commands of every application beside `run`.
fn commands(package: &Package) -> Command {
    let dlq = Command::new("dlq").about("List, show and redrive dead letters").after_help(
        "The application's own `main` is called, since it says which functions there are, and \
         nothing else of it; arguments that it needs stand behind `--`.\n\n\
         Exit codes: 0 done or stopped by a signal, 1 not finished, 2 refused at start, 4 a second \
         signal.",
    );
    let command = Command::new(package.name).version(package.version);
    command.subcommand(Dlq::augment_args(dlq)).subcommand_required(true)
}

/// Reads the words of `dlq` up to `--`, and the application's own behind it.
fn parse_dlq<A: Args>(package: &Package, mut args: Vec<OsString>) -> Result<(A, Dlq), clap::Error> {
    let own = match args.iter().position(|word| word == "--") {
        Some(at) => args.split_off(at).split_off(1),
        None => Vec::new(),
    };
    let mut command = commands(package);
    let matches: ArgMatches = command.try_get_matches_from_mut(args)?;
    let (_, dlq) = matches.subcommand().ok_or_else(|| {
        command.error(clap::error::ErrorKind::MissingSubcommand, "the first word is `dlq`")
    })?;
    let dlq = Dlq::from_arg_matches(dlq)?;
    let usage = format!("{} dlq … -- [the application's own arguments]", package.name);
    let command = Command::new(package.name).no_binary_name(true).override_usage(usage);
    let mut command = A::augment_args(command);
    let matches = command.try_get_matches_from_mut(own)?;
    let own = A::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((own, dlq))
}

/// Reads the command line; the word `run` may stand first, or `dlq`.
///
/// # Errors
///
/// Clap's, which knows how to print itself (also for `--help`).
pub(super) fn parse<A: Args>(
    package: &Package,
    args: impl IntoIterator<Item = OsString>,
) -> Result<(A, Asked), clap::Error> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|first| first == "dlq") {
        return parse_dlq(package, args).map(|(own, dlq)| (own, Asked::Dlq(dlq)));
    }
    if args.get(1).is_some_and(|first| first == "run") {
        args.remove(1);
    }
    let mut command = command::<A>(package);
    let matches: ArgMatches = command.try_get_matches_from_mut(args)?;
    let framework = Framework::from_arg_matches(&matches)?;
    let own = A::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((own, Asked::Run(framework)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Args)]
    struct Own {
        path: Option<String>,
        #[arg(long)]
        follow: bool,
    }

    const PACKAGE: Package = Package { name: "app", version: "1.2.3" };

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn own_arguments_stand_beside_the_framework_s_and_run_may_be_left_out() {
        for line in ["app file --only a,b --follow", "app run file --only a --only b --follow"] {
            let (own, asked) = parse::<Own>(&PACKAGE, words(line)).unwrap();
            let Asked::Run(framework) = asked else { panic!("{asked:?}") };
            assert_eq!(own.path.as_deref(), Some("file"));
            assert!(own.follow);
            assert_eq!(framework.only, ["a", "b"]);
        }
    }

    #[derive(Debug, Args)]
    struct Needed {
        path: String,
    }

    #[test]
    fn dlq_stands_first_and_steals_no_argument_behind_run() {
        let line = "app dlq redrive dead --limit 3 --rate off --dry-run --set a.b=c";
        let (_, asked) = parse::<Own>(&PACKAGE, words(line)).unwrap();
        let Asked::Dlq(dlq) = asked else { panic!("{asked:?}") };
        assert_eq!(dlq.set, ["a.b=c"]);
        for line in ["app run dlq", "app --only a dlq"] {
            let (own, asked) = parse::<Own>(&PACKAGE, words(line)).unwrap();
            assert_eq!(own.path.as_deref(), Some("dlq"), "{line}");
            assert!(matches!(asked, Asked::Run(_)), "{line}");
        }
        let (own, _) = parse::<Needed>(&PACKAGE, words("app dlq list -- file")).unwrap();
        assert_eq!(own.path, "file");
        let missing = parse::<Needed>(&PACKAGE, words("app dlq list")).unwrap_err().to_string();
        assert!(missing.contains("<PATH>") && missing.contains("dlq … -- ["), "{missing}");
        let show = "app dlq show d --limit";
        parse::<Own>(&PACKAGE, words(&format!("{show} 1"))).unwrap();
        // A store of which nothing is to be shown would look empty.
        let none = parse::<Own>(&PACKAGE, words(&format!("{show} 0"))).unwrap_err().to_string();
        assert!(none.contains("--limit"), "{none}");
        for wrong in ["app dlq", "app dlq what", "app dlq show", "app dlq redrive d --rate -1"] {
            assert!(parse::<Own>(&PACKAGE, words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn help_tells_of_dlq_and_how_to_be_rid_of_it() {
        let help = |line| parse::<Own>(&PACKAGE, words(line)).unwrap_err().to_string();
        let words = help("app --help").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("an argument of that name goes behind `run`"), "{words}");
        let dlq = help("app dlq --help");
        for word in ["list", "show", "redrive", "--config", "--set", "behind `--`", "Exit codes"] {
            assert!(dlq.contains(word), "{dlq}");
        }
        let redrive = help("app dlq redrive --help");
        for word in ["--limit", "--rate", "100", "--max-redrives", "--dry-run", "[default: 3]"] {
            assert!(redrive.contains(word), "{redrive}");
        }
    }

    #[test]
    fn a_word_too_many_is_refused_and_help_teaches() {
        assert!(parse::<NoArgs>(&PACKAGE, words("app what")).is_err());
        let help = parse::<Own>(&PACKAGE, words("app --help")).unwrap_err().to_string();
        for word in ["--config", "--set", "--only", "--follow", "Exit codes"] {
            assert!(help.contains(word), "{help}");
        }
        let place = |word| help.find(word).unwrap();
        assert!(place("[PATH]") < place("Framework:") && place("--follow") < place("Framework:"));
        assert!(place("Framework:") < place("--config"), "{help}");
    }
}
