//! What the program is told and cannot do: one error that says why, exit code 2, no report.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long a refusal may take.
const LIMIT: Duration = Duration::from_secs(15);

fn weblog(arguments: &[&str]) -> Output {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_weblog"))
        .args(arguments)
        // A binder.toml and an environment where the tests are run are not meant for them.
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env_remove("BINDER_CONFIG")
        .env_remove("BINDER_PROFILE")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(start.elapsed() < LIMIT, "{arguments:?} took {:?}", start.elapsed());
    output
}

/// The one line that says why it was refused, with every one of these words.
fn refused(arguments: &[&str], words: &[&str]) {
    let output = weblog(arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed something");
    let why = |line: &&str| line.starts_with("weblog: ") || line.starts_with("error: ");
    let whys: Vec<&str> = errors.lines().filter(why).collect();
    assert_eq!(whys.len(), 1, "{arguments:?}: {errors}");
    for word in words {
        assert!(whys[0].contains(word), "{arguments:?} does not say {word}: {errors}");
    }
    let is_log = |line: &&str| line.contains(" ERROR ") || line.contains("panicked");
    assert_eq!(errors.lines().find(is_log), None, "{arguments:?}");
}

fn scratch(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_binder_that_does_not_exist_is_named_with_those_that_do() {
    refused(&["--set=default_binder=rabbit"], &["default_binder", "`rabbit`", "`memory`"]);
}

#[cfg(not(feature = "kafka"))]
#[test]
fn a_binder_that_is_not_compiled_in_names_its_feature() {
    refused(&["--set=default_binder=kafka"], &["`kafka`", "not compiled in", "feature `kafka`"]);
}

#[test]
fn a_key_that_does_not_exist_is_named_with_its_place_and_the_nearest() {
    let file = scratch(
        "grup.toml",
        "[bindings.lines]\ngroup = \"a\"\n\n[bindings.hits]\n  grup = \"b\"\n",
    );
    let place = format!("{file}:5:3: bindings.hits.grup");
    refused(&["--config", &file], &[&place, "unknown key", "`group`"]);
    let set = "--set=bindings.hits.grup=x";
    refused(&[set], &["--set bindings.hits.grup", "unknown key", "`group`"]);
}

#[test]
fn a_key_in_the_environment_is_checked_like_any_other() {
    let output = Command::new(env!("CARGO_BIN_EXE_weblog"))
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env("BINDER__BINDINGS__HITS__CONCURRENCY", "many")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    for word in ["BINDER__BINDINGS__HITS__CONCURRENCY", "whole number", "many"] {
        assert!(errors.contains(word), "{errors}");
    }
}

#[test]
fn a_configuration_that_is_not_there_or_is_a_directory_is_named() {
    refused(&["--config", "no/such.toml"], &["no/such.toml", "no such file", "--config"]);
    refused(&["--config", "."], &["directory"]);
}

#[test]
fn an_assignment_without_a_value_says_how_it_is_written() {
    refused(&["--set", "grace"], &["--set", "KEY=VALUE"]);
    refused(&["--set=grace=soon"], &["--set grace", "duration", "soon"]);
}

#[test]
fn a_log_that_is_not_there_or_is_a_directory_is_named() {
    refused(&["no/such.log"], &["no/such.log", "there is no such file"]);
    refused(&["."], &["'.'", "it is a directory"]);
}

#[test]
fn a_part_of_the_program_cannot_run_alone_in_memory() {
    let refused = |only, words: &[&str]| {
        refused(&["--set=default_binder=memory", "--only", only], words);
    };
    refused("parse", &["--only", "leaves out `lines`, the writer of `weblog.lines`", "`parse`"]);
    refused("lines,parse", &["leaves out `tally_ends`, the reader of `weblog.ends`"]);
    refused("tally", &["leaves out `parse`, the writer of `weblog.hits`"]);
}

#[test]
fn a_function_that_does_not_exist_is_named_with_those_that_do() {
    let functions =
        ["lines", "parse", "alerts", "tally", "tally_ends", "tally_alerts", "tally_dead"];
    let words: Vec<_> = functions.iter().map(|name| format!("`{name}`")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["`parze`"]).collect();
    refused(&["--only=parze"], &words);
    refused(&["--only=lines,parze"], &["`parze`"]);
}

#[test]
fn arguments_that_do_not_exist_are_named() {
    refused(&["--frobnicate"], &["--frobnicate"]);
    refused(&["-", "two.log"], &["two.log"]);
    refused(&["--rate=0"], &["--rate"]);
    refused(&["--patience=soon"], &["--patience", "seconds"]);
}

#[test]
fn help_teaches_the_program_and_the_framework() {
    let output = weblog(&["--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty());
    for word in [
        "Usage: weblog [OPTIONS] [PATH]",
        "Framework:",
        "access log",
        "--follow",
        "--rate <LINES>",
        "--patience <TIME>",
        "--config <FILE>",
        "--set <KEY=VALUE>",
        "--only <FUNCTION>",
        "BINDER_CONFIG",
        "Exit codes",
        "RUST_LOG",
    ] {
        assert!(help.contains(word), "{word} is missing:\n{help}");
    }
    let (own, framework) = help.split_once("Framework:").unwrap();
    assert!(own.contains("--follow") && !framework.contains("--follow"), "{help}");
    let version = weblog(&["--version"]);
    let text = String::from_utf8(version.stdout).unwrap();
    assert_eq!(text, concat!("weblog ", env!("CARGO_PKG_VERSION"), "\n"));
}
