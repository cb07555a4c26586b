//! The command line of every application.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches};

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

/// The command of an application with arguments `A`.
fn command<A: Args>(package: &Package) -> Command {
    let command = Command::new(package.name).version(package.version).after_help(
        "The word `run` may stand first. The broker is chosen by cargo feature and configuration. Every key can be set in the \
         file, in the environment (BINDER__BINDINGS__ORDERS__GROUP) or by --set; \
         RUST_LOG sets what is logged to standard error.\n\n\
         Exit codes: 0 drained, 1 the application failed, 2 refused at start, 3 every input \
         stopped, 4 not drained in time.",
    );
    // The application's own come last, so that a description of them is the command's; and not
    // under our heading.
    A::augment_args(Framework::augment_args(command).next_help_heading(None))
}

/// Reads the command line; the word `run` may stand first.
///
/// # Errors
///
/// Clap's, which knows how to print itself (also for `--help`).
pub(super) fn parse<A: Args>(
    package: &Package,
    args: impl IntoIterator<Item = OsString>,
) -> Result<(A, Framework), clap::Error> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|first| first == "run") {
        args.remove(1);
    }
    let mut command = command::<A>(package);
    let matches: ArgMatches = command.try_get_matches_from_mut(args)?;
    let framework = Framework::from_arg_matches(&matches)?;
    let own = A::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((own, framework))
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
            let (own, framework) = parse::<Own>(&PACKAGE, words(line)).unwrap();
            assert_eq!(own.path.as_deref(), Some("file"));
            assert!(own.follow);
            assert_eq!(framework.only, ["a", "b"]);
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
