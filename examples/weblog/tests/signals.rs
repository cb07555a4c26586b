//! A program that is told to stop: what is under way is finished, and nothing is reported.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

/// A stop takes a moment; the grace, of 20 s, is for work that takes longer than ours.
const SOON: Duration = Duration::from_secs(10);

const LINE: &str = "192.0.2.7 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 17\n";

/// A program that runs, with what it has said so far read away.
struct Program {
    child: Child,
    errors: BufReader<ChildStderr>,
}

/// How it ended.
struct End {
    code: Option<i32>,
    output: String,
    errors: String,
}

impl Program {
    /// Starts it and waits until it is ready.
    fn start(arguments: &[&str], input: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_weblog"))
            .args(arguments)
            .arg("--set=default_binder=memory")
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .env("RUST_LOG", "info")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("ready") {
            line.clear();
            assert!(errors.read_line(&mut line).unwrap() > 0, "it ended before it was ready");
        }
        Self { child, errors }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until it has ended, which closes its standard error.
    fn end(mut self) -> End {
        let start = Instant::now();
        let (mut output, mut errors) = (String::new(), String::new());
        self.errors.read_to_string(&mut errors).unwrap();
        self.child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        let code = self.child.wait().unwrap().code();
        assert!(start.elapsed() < SOON, "it took {:?}\n{errors}", start.elapsed());
        End { code, output, errors }
    }
}

/// A test that fails leaves no program behind.
impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn log(name: &str, lines: usize) -> (PathBuf, File) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, LINE.repeat(lines)).unwrap();
    let file = OpenOptions::new().append(true).open(&path).unwrap();
    (path, file)
}

/// Drained, with nothing to report and nothing to complain of.
fn is_silent(end: &End, signal: &str) {
    assert_eq!(end.code, Some(0), "{signal}: {}", end.errors);
    assert_eq!(end.output, "", "{signal}");
    assert!(end.errors.contains(signal), "it does not say why it stops: {}", end.errors);
    for word in [" ERROR ", " WARN ", "incomplete", "missing", "panicked"] {
        assert!(!end.errors.contains(word), "{signal}: {}", end.errors);
    }
}

#[test]
fn either_signal_ends_a_program_that_follows_a_growing_log() {
    for signal in ["INT", "TERM"] {
        let (path, mut file) = log(&format!("growing-{signal}.log"), 100);
        let program = Program::start(&[path.to_str().unwrap(), "--follow"], Stdio::null());
        for _ in 0..100 {
            file.write_all(LINE.repeat(50).as_bytes()).unwrap();
        }
        program.signal(signal);
        is_silent(&program.end(), &format!("SIG{signal}"));
    }
}

#[test]
fn either_signal_ends_a_program_that_waits_for_standard_input() {
    for signal in ["INT", "TERM"] {
        let mut program = Program::start(&["-"], Stdio::piped());
        // Held open: the end of its input would end it too.
        let mut input = program.child.stdin.take().unwrap();
        input.write_all(LINE.repeat(100).as_bytes()).unwrap();
        program.signal(signal);
        is_silent(&program.end(), &format!("SIG{signal}"));
        drop(input);
    }
}

#[test]
fn a_signal_in_the_middle_of_a_large_log_ends_the_program_soon() {
    let (path, _file) = log("large.log", 400_000);
    let program = Program::start(&[path.to_str().unwrap()], Stdio::null());
    program.signal("TERM");
    is_silent(&program.end(), "SIGTERM");
}

#[test]
fn a_second_signal_at_once_ends_it_too() {
    let (path, _file) = log("twice.log", 200_000);
    let program = Program::start(&[path.to_str().unwrap(), "--follow"], Stdio::null());
    program.signal("TERM");
    program.signal("INT");
    let end = program.end();
    // 4 where the second comes before the drain is over, which is a matter of milliseconds.
    assert!(matches!(end.code, Some(0 | 4)), "{:?} {}", end.code, end.errors);
    assert_eq!(end.code == Some(4), end.errors.contains("a second signal"), "{}", end.errors);
    assert_eq!(end.output, "");
}

#[test]
fn a_run_that_is_let_be_prints_its_report_as_one_line_and_ends() {
    let (path, _file) = log("whole.log", 1_000);
    let end = Program::start(&[path.to_str().unwrap()], Stdio::null()).end();
    assert_eq!(end.code, Some(0), "{}", end.errors);
    assert_eq!(end.output.matches('\n').count(), 1, "{}", end.output);
    assert!(end.output.ends_with('\n') && end.output.starts_with("{\"requests\":1000,"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_a_failure() {
    let (path, _file) = log("full.log", 10);
    let output = Command::new(env!("CARGO_BIN_EXE_weblog"))
        .arg(path)
        .arg("--set=default_binder=memory")
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .stdout(OpenOptions::new().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("the report cannot be written"), "{errors}");
}
