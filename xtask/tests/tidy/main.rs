//! Tidiness that no other tool checks: sizes, names, marks, words and paths in the project's files.

#![forbid(unsafe_code)]

mod code;
mod ids;
mod size;
mod weaknesses;
mod words;

use std::{fs, path::Path, process::Command};

/// A file of the project, by its path from the root.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The rules themselves have to spell what they forbid.
    fn states_the_rules(&self) -> bool {
        self.path.starts_with("xtask/tests/tidy/")
    }
}

#[test]
fn files_are_short() {
    report(&size::too_long(&rust()));
    report(&size::median_too_long(&rust()));
}

#[test]
fn names_say_what_a_thing_is() {
    report(&each(&rust(), code::empty_names));
}

#[test]
fn every_crate_forbids_unsafe_code() {
    report(&each(&rust(), code::without_forbid_unsafe));
}

#[test]
fn a_sleeping_test_says_why() {
    report(&each(&rust(), code::sleeps_without_reason));
}

#[test]
fn nothing_is_left_to_do_in_a_comment() {
    report(&each(&files(), words::marks));
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    report(&each(&files(), words::places));
}

#[test]
fn the_texts_speak_of_the_project_alone() {
    report(&each(&files(), words::off_topic));
}

fn report(offenders: &[String]) {
    assert!(offenders.is_empty(), "{} offenders:\n{}", offenders.len(), offenders.join("\n"));
}

fn each(files: &[File], check: impl Fn(&File) -> Vec<String>) -> Vec<String> {
    files.iter().filter(|file| !file.states_the_rules()).flat_map(check).collect()
}

fn rust() -> Vec<File> {
    files().into_iter().filter(File::is_rust).collect()
}

/// Every file that is in the repository or would be with `git add`.
fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above");
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let paths = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    // One that is deleted and not yet committed is listed and not there.
    let read = |path: &str| Some((path.to_owned(), fs::read(root.join(path)).ok()?));
    let files: Vec<File> = paths
        .split_terminator('\0')
        .filter_map(read)
        .map(|(path, bytes)| File { path, text: String::from_utf8_lossy(&bytes).into_owned() })
        .collect();
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "git listed no files of {root:?}");
    files
}

/// A made-up file, for the tests of the rules.
pub(crate) fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}
