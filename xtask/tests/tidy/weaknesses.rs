//! `docs/spec/weaknesses.md` is made from the names of tests: which of them is about which id.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    ids::{IDS, NOT_BUILT},
    rust,
};

const PAGE: &str = "docs/spec/weaknesses.md";
/// Set to write the page instead of comparing it.
const WRITE: &str = "WRITE_WEAKNESSES";

const HEAD: &str = "\
# Weaknesses of others, and the tests that are about them

What frameworks of this kind get wrong, or leave to be misunderstood. A test that is about one bears
its id in its name; where none does, the row says so, and what is not built for it to be about. Made
from the names of tests by `WRITE_WEAKNESSES=1 cargo test -p xtask --test tidy`; do not edit.

| Id | What goes wrong, or holds here | Tests |
|---|---|---|
";

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE)
}

/// The ids in the name of a test, which stand at its beginning, one after another.
fn ids_of(name: &str) -> BTreeSet<&'static str> {
    let mut rest = name;
    let mut found = BTreeSet::new();
    loop {
        let known = IDS.iter().map(|(id, _)| *id).find(|id| begins(rest, id));
        let id = match known {
            Some(id) => {
                found.insert(id);
                id
            }
            // The number of a conformance case may stand before.
            None if rest.starts_with('c') && rest.get(3..4) == Some("_") => &rest[..3],
            None => return found,
        };
        rest = &rest[id.len() + 1..];
    }
}

fn begins(name: &str, id: &str) -> bool {
    name.strip_prefix(id).is_some_and(|rest| rest.starts_with('_'))
}

/// Names of functions in `text`.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("fn ")?;
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
    })
}

/// The names of tests, by the ids they bear.
type Named = BTreeMap<&'static str, BTreeSet<String>>;

fn named() -> Named {
    let files = rust();
    let mut tests = Named::new();
    for name in files.iter().flat_map(|file| functions(&file.text)) {
        for id in ids_of(name) {
            tests.entry(id).or_default().insert(format!("`{name}`"));
        }
    }
    tests
}

fn page() -> String {
    let tests = named();
    let missing: BTreeMap<_, _> = NOT_BUILT.iter().copied().collect();
    let row = |(id, what): &(&str, &str)| {
        let tests = match (tests.get(id), missing.get(id)) {
            (Some(names), _) => names.iter().cloned().collect::<Vec<_>>().join(", "),
            (None, Some(what)) => format!("not built: {what}"),
            (None, None) => "none yet".to_owned(),
        };
        format!("| {id} | {what} | {tests} |")
    };
    HEAD.to_owned() + &IDS.iter().map(row).collect::<Vec<_>>().join("\n") + "\n"
}

/// Ids that cannot be called not built, and why.
fn misplaced(tests: &Named) -> Vec<String> {
    let wrong = |(id, _): &(&str, &str)| match tests.get(id) {
        _ if !IDS.iter().any(|(known, _)| known == id) => Some(format!("{id} is no id")),
        Some(names) => Some(format!("{id} is called not built and has tests: {names:?}")),
        None => None,
    };
    NOT_BUILT.iter().filter_map(wrong).collect()
}

#[test]
fn the_page_is_what_the_names_of_tests_give() {
    let (made, file) = (page(), place());
    if env::var_os(WRITE).is_some() {
        fs::write(&file, &made).expect("the page can be written");
    }
    let found = fs::read_to_string(file).unwrap_or_default();
    assert!(made == found, "{PAGE} is out of date: run with {WRITE}=1");
}

#[test]
fn what_has_a_test_is_built() {
    assert_eq!(misplaced(&named()), [""; 0]);
    let (id, _) = NOT_BUILT[0];
    let tested = Named::from([(id, BTreeSet::from(["`test`".to_owned()]))]);
    assert_eq!(
        misplaced(&tested),
        [format!("{id} is called not built and has tests: {{\"`test`\"}}")]
    );
}

#[test]
fn ids_are_read_from_names() {
    let of = |name| ids_of(name).into_iter().collect::<Vec<_>>();
    assert_eq!(of("r01_a_letter"), ["r01"]);
    assert_eq!(of("c37_s15_18_a_pause"), ["s15_18"]);
    assert_eq!(of("r05_s15_03_attempts"), ["r05", "s15_03"]);
    assert!(of("r010_no_id").is_empty() && of("a_letter_r01_later").is_empty());
    assert!(of("c37_a_pause").is_empty());
}
