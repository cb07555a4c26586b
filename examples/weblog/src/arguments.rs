//! The arguments of this application; every application has the framework's besides.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::builder::{PathBufValueParser, TypedValueParser};

use crate::reading::Input;

/// A web server's access log as a pipeline: lines, hits, alerts, and a report as one line of JSON
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The access log, in the combined format, or - for standard input [default: a small sample]
    #[arg(value_name = "PATH", value_parser = PathBufValueParser::new().try_map(Input::at))]
    pub(crate) log: Option<Input>,

    /// Go on at the end of the file with what is added to it, as `tail -F` does
    ///
    /// The run never ends then, so there is no report. Truncated and rotated files are followed;
    /// standard input and pipes end with their writer all the same.
    #[arg(long, requires = "log")]
    pub(crate) follow: bool,

    /// Read at most so many lines a second [default: as fast as they are taken]
    #[arg(long, value_name = "LINES")]
    pub(crate) rate: Option<NonZeroU32>,

    /// How long a run that has ended may bring no new line before it is reported as incomplete
    ///
    /// A number of seconds, or one with a unit: 500ms, 90s, 5m.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = patience)]
    pub(crate) patience: Duration,
}

fn patience(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        _ => 0,
    };
    let number = number.parse::<u64>().ok().filter(|_| millis > 0);
    let millis = number.and_then(|number| number.checked_mul(millis));
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| "give a number of seconds, or one with ms, s or m behind it".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        let command = Arguments::augment_args(Command::new("weblog").no_binary_name(true));
        let matches = command.try_get_matches_from(words)?;
        Arguments::from_arg_matches(&matches)
    }

    #[test]
    fn nothing_has_to_be_given() {
        let arguments = parse(&[]).unwrap();
        assert_eq!(arguments.log.unwrap_or_default(), Input::Sample);
        assert_eq!(arguments.patience, Duration::from_secs(60));
        assert!(!arguments.follow && arguments.rate.is_none());
    }

    #[test]
    fn everything_can_be() {
        let arguments = parse(&["-", "--follow", "--rate", "20", "--patience", "500ms"]).unwrap();
        assert_eq!(arguments.log, Some(Input::Standard));
        assert_eq!(arguments.rate, NonZeroU32::new(20));
        assert_eq!(arguments.patience, Duration::from_millis(500));
        assert_eq!(parse(&["--patience", "5"]).unwrap().patience, Duration::from_secs(5));
        assert_eq!(parse(&["--patience", "5m"]).unwrap().patience, Duration::from_secs(300));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let missing = parse(&["no/such.log"]).unwrap_err().to_string();
        assert!(missing.contains("'no/such.log'") && missing.contains("no such file"), "{missing}");
        for words in [
            &["--rate", "0"][..],
            &["--patience", "soon"],
            &["--patience", ""],
            &["--patience", "1h"],
            &["--patience", "99999999999999999999"],
            &["--follow"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
