//! The specification, the list of what is not built and the suite say the same.

use std::{collections::BTreeSet, fs};

use crate::{
    command,
    conformance::{numbers::Number, read, rules::Rules},
};

/// All of the suite's sources.
fn suite() -> String {
    let mut text = String::new();
    let mut folders = vec![command::repository().join("binder-testkit/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                text += &fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}

/// The cases that follow `before` in a text: names that begin with a number of the specification.
fn cases<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    let name = |rest: &'a str| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        end.map_or(rest, |end| &rest[..end])
    };
    text.split(before).skip(1).map(name).filter(|name| Number::of_case(name).is_some()).collect()
}

#[test]
fn the_specification_names_every_case_and_no_other() {
    let (suite, specification) = (suite(), read("docs/spec/binder.md").unwrap());
    let (there, named) = (cases(&suite, "async fn "), cases(&specification, "`"));
    assert!(there.len() > 30, "the cases are elsewhere");
    let missing: Vec<_> = there.difference(&named).collect();
    let strange: Vec<_> = named.difference(&there).collect();
    assert!(
        missing.is_empty() && strange.is_empty(),
        "docs/spec/binder.md lacks {missing:?} and names {strange:?}, which is no case"
    );
}

#[test]
fn the_specification_has_every_number() {
    let specification = read("docs/spec/binder.md").unwrap();
    let headings: String = specification.lines().filter(|line| line.starts_with("## ")).collect();
    for number in Number::all() {
        let heading = format!("{} {}", number.id(), number.name());
        assert!(headings.contains(&heading), "no `{heading}`");
    }
}

/// An entry goes when its first case comes.
#[test]
fn what_is_not_built_has_no_case() {
    let (rules, suite) = (Rules::load().unwrap(), suite());
    for case in cases(&suite, "async fn ") {
        let number = Number::of_case(case).unwrap();
        assert!(rules.not_built(number).is_none(), "`{case}` exists: take {} out", number.id());
    }
}
