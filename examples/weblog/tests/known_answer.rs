//! The whole program against logs whose figures are known.
//!
//! On the memory binder, or on the one that `WEBLOG_BINDER` names.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// The log that is compiled in, as a file.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample.log");

/// On a broker two programs at once would share the work of one group.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn weblog(arguments: &[&str], input: Stdio) -> Output {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let binder = std::env::var("WEBLOG_BINDER").unwrap_or_else(|_| "memory".to_owned());
    Command::new(env!("CARGO_BIN_EXE_weblog"))
        .args(arguments)
        .arg(format!("--set=default_binder={binder}"))
        // A binder.toml where the tests are run is not meant for them.
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(input)
        .output()
        .unwrap()
}

fn figures(log: &Path) -> Value {
    report(&weblog(&[log.to_str().unwrap()], Stdio::null()))
}

/// The report, which has to be the only line on standard output, without the run's name.
fn report(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{errors}", output.status);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}\n{errors}");
    let mut report: Value = serde_json::from_str(&text).unwrap();
    let run = report.as_object_mut().unwrap().remove("run").unwrap();
    assert!(!run.as_str().unwrap().is_empty());
    report
}

fn scratch(name: &str, text: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

fn sample() -> Value {
    json!({
        "requests": 9,
        "status": { "200": 3, "301": 1, "304": 1, "404": 1, "408": 1, "500": 1, "503": 1 },
        "clients": 7,
        "bytes": 26_298,
        "alerts": 2,
        "dead_letters": 4,
        "lines": 13,
        "duplicates": 0,
        "complete": true,
    })
}

/// The figures of 10,000 requests, with so many broken lines added.
fn known(broken: u64) -> Value {
    json!({
        "requests": 10_000,
        "status": {
            "200": 9126, "206": 45, "301": 164, "304": 445, "403": 2, "404": 213, "416": 2, "500": 3
        },
        "clients": 1753,
        "bytes": 2_747_282_740_u64,
        "alerts": 3,
        "dead_letters": broken,
        "lines": 10_000 + broken,
        "duplicates": 0,
        "complete": true,
    })
}

fn real_log() -> PathBuf {
    let path = std::env::var_os("WEBLOG_LOG");
    PathBuf::from(path.expect("WEBLOG_LOG has to name the access log of 10,000 requests"))
}

#[test]
fn the_sample_is_read_where_no_log_is_named() {
    assert_eq!(report(&weblog(&[], Stdio::null())), sample());
}

#[test]
fn a_log_that_is_named_is_read() {
    assert_eq!(figures(Path::new(SAMPLE)), sample());
}

#[test]
fn an_empty_log_has_a_report() {
    let report = figures(&scratch("empty.log", b""));
    assert_eq!((&report["lines"], &report["complete"]), (&json!(0), &json!(true)));
}

#[test]
fn standard_input_is_read_to_its_end() {
    let log = fs::File::open(SAMPLE).unwrap();
    assert_eq!(report(&weblog(&["-"], log.into())), sample());
}

#[test]
fn a_log_that_is_not_there_and_a_directory_are_refused() {
    for (path, why) in [("no/such.log", "there is no such file"), (".", "it is a directory")] {
        let output = weblog(&[path], Stdio::null());
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(output.stdout.is_empty());
        assert_eq!(errors.lines().filter(|line| line.starts_with("error")).count(), 1, "{errors}");
        assert!(errors.contains(path) && errors.contains(why), "{errors}");
    }
}

#[test]
#[ignore = "needs WEBLOG_LOG, the access log of 10,000 requests"]
fn ten_thousand_requests_have_the_known_figures() {
    assert_eq!(figures(&real_log()), known(0));
}

#[test]
#[ignore = "needs WEBLOG_LOG, the access log of 10,000 requests"]
fn three_broken_lines_are_dead_letters_and_change_nothing_else() {
    let mut text = fs::read(real_log()).unwrap();
    let request = "192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"GET /";
    text.extend_from_slice(format!("{request} HTTP/1.1\" - 17 \"-\" \"-\"\n").as_bytes());
    text.extend_from_slice(format!("{request} HTTP/1.1\" 200\n").as_bytes());
    text.extend_from_slice(&[request.as_bytes(), b"\xff HTTP/1.1\" 200 17\n"].concat());
    assert_eq!(figures(&scratch("three-broken.log", &text)), known(3));
}
