//! `docs/spec/faults.md`, from the results that are kept.

use std::{fs, process::Command};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::{
    command,
    conformance::{Binder, Target},
    faults::{outcome::Outcome, row::Row},
};

const PAGE: &str = "docs/spec/faults.md";

const HEAD: &str = "\
# Faults

What was broken under an application, and what became of its messages. Written by
`cargo xtask faults --binder memory --write` and the like from `docs/results/faults-*.json`; do not
edit. Five runs that held prove a row; with fewer, or where a part of it was not broken, it is
*unproved*. Lost and reordered are sums of all runs, the rest is the most of one run. A dash is what
nobody can see (what memory has settled), or what nothing interrupts.

";

/// The one object that `--json` prints.
pub(crate) fn json(binder: Binder, outcomes: &[Outcome]) -> Result<Value> {
    let told = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let printed = command::output(command.current_dir(command::repository()).args(arguments))?;
        anyhow::Ok(printed.trim().to_owned())
    };
    Ok(json!({
        "binder": binder.name(),
        "version": Target::of(binder, false)?.version()?,
        "commit": told("git", &["rev-parse", "--short", "HEAD"])?,
        "date": told("date", &["-u", "+%F"])?,
        "rows": outcomes.iter().map(Outcome::json).collect::<Vec<_>>(),
    }))
}

/// Keep a result and write the page again.
pub(crate) fn keep(binder: Binder, result: &Value) -> Result<()> {
    write(&file(binder), &format!("{result:#}\n"))?;
    write(PAGE, &page(&kept()?)?)
}

fn write(path: &str, text: &str) -> Result<()> {
    fs::write(command::repository().join(path), text)
        .with_context(|| format!("cannot write {path}"))
}

fn read(path: &str) -> Result<String> {
    let file = command::repository().join(path);
    fs::read_to_string(file).with_context(|| format!("cannot read {path}"))
}

fn file(binder: Binder) -> String {
    format!("docs/results/faults-{}.json", binder.name())
}

/// The results that there are.
fn kept() -> Result<Vec<(Binder, Value)>> {
    let there = |binder: &&Binder| command::repository().join(file(**binder)).is_file();
    let read = |binder: &Binder| Ok((*binder, serde_json::from_str(&read(&file(*binder))?)?));
    Binder::value_variants().iter().filter(there).map(read).collect()
}

/// A table for each binder; below it, what was left out and what did not hold.
fn page(results: &[(Binder, Value)]) -> Result<String> {
    let tables = results.iter().map(|(binder, result)| table(*binder, result));
    Ok(HEAD.to_owned() + &tables.collect::<Result<Vec<_>>>()?.join("\n"))
}

fn table(binder: Binder, result: &Value) -> Result<String> {
    let text = |name: &str| result[name].as_str().with_context(|| format!("no `{name}`"));
    let (version, commit, date) = (text("version")?, text("commit")?, text("date")?);
    let mut lines = vec![
        format!("## {}", binder.name()),
        String::new(),
        format!("Version {version}, commit {commit}, {date}."),
        String::new(),
        "| Fault | Binder | Runs | Lost | Duplicated | Reordered | Commit ahead | Recovery | Result |"
            .to_owned(),
        "|---|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    let mut notes = Vec::new();
    for row in Row::all().filter(|row| row.is_on(binder)) {
        let rows = result["rows"].as_array().context("no `rows`")?;
        let found = rows.iter().find(|found| found["id"] == row.id());
        let found = found.with_context(|| format!("{} lacks {}", binder.name(), row.id()))?;
        lines.push(line(row, binder, found));
        let left_out = found["left_out"].as_str();
        notes.extend(left_out.map(|part| format!("- {}, left out: {part}", row.id())));
        for fault in found["faults"].as_array().into_iter().flatten() {
            let fault = fault.as_str().unwrap_or_default();
            notes.push(format!("- {}, did not hold: {fault}", row.id()));
        }
    }
    if !notes.is_empty() {
        lines.push(String::new());
        lines.extend(notes);
    }
    Ok(lines.join("\n") + "\n")
}

fn line(row: Row, binder: Binder, found: &Value) -> String {
    let figure = |name: &str| match &found[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let recovery = match found["recovery_seconds"].as_f64() {
        Some(seconds) => format!("{seconds:.1} s"),
        None => "-".to_owned(),
    };
    let figures = ["runs", "lost", "duplicated", "reordered", "commit_ahead"].map(figure);
    format!(
        "| {} {} | {} | {} | {recovery} | {} |",
        row.id(),
        row.name(),
        binder.name(),
        figures.join(" | "),
        figure("result")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::outcome::Run;

    #[test]
    fn the_page_is_what_the_results_give() {
        let made = page(&kept().unwrap()).unwrap();
        assert!(made == read(PAGE).unwrap(), "{PAGE} is out of date: run with `--write`");
    }

    #[test]
    fn a_row_that_is_missing_is_an_error() {
        let result = json!({ "version": "1", "commit": "a", "date": "d", "rows": [] });
        let error = page(&[(Binder::Memory, result)]).unwrap_err();
        assert_eq!(error.to_string(), "memory lacks F01");
    }

    #[test]
    fn what_did_not_hold_stands_below_the_table() {
        let rows = Row::all().filter(|row| row.is_on(Binder::Memory)).map(|row| {
            let faults = vec!["3 jobs are lost\nthe log".to_owned()];
            let run = Run { lost: 3, faults, ..Run::default() };
            Outcome { row, runs: vec![run], left_out: Some("a part") }.json()
        });
        let rows: Vec<Value> = rows.collect();
        let result = json!({ "version": "1", "commit": "a", "date": "d", "rows": rows });
        let page = page(&[(Binder::Memory, result)]).unwrap();
        let row = "| F13 poison messages | memory | 1 | 3 | 0 | 0 | - | - | failed |";
        assert!(page.contains(row), "{page}");
        assert!(page.contains("- F13, left out: a part\n- F13, did not hold: 3 jobs are lost\n"));
    }
}
