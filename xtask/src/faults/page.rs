//! `docs/spec/faults.md`, from the results that are kept.

use std::{fs, process::Command};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::{
    command,
    conformance::{Binder, Target},
    faults::{
        outcome::{LONG, Outcome},
        row::Row,
    },
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
    let commit = told("git", &["rev-parse", "--short", "HEAD"])?;
    let date = told("date", &["-u", "+%F"])?;
    let row = |outcome: &Outcome| {
        let mut row = outcome.json();
        row["commit"] = json!(commit);
        row["date"] = json!(date);
        row
    };
    Ok(json!({
        "binder": binder.name(),
        "version": Target::of(binder, false)?.version()?,
        "rows": outcomes.iter().map(row).collect::<Vec<_>>(),
    }))
}

/// Keep the rows of a result beside those that it has not run, and write the page again.
pub(crate) fn keep(binder: Binder, result: &Value) -> Result<()> {
    let before = if command::repository().join(file(binder)).is_file() {
        serde_json::from_str(&read(&file(binder))?)?
    } else {
        Value::Null
    };
    write(&file(binder), &format!("{:#}\n", merged(&before, result)))?;
    write(PAGE, &page(&kept()?)?)
}

/// A result with the rows of an earlier one that it has not run.
fn merged(before: &Value, result: &Value) -> Value {
    let rows = |of: &Value| of["rows"].as_array().cloned().unwrap_or_default();
    let of = |all: &[Value], row: Row| all.iter().find(|it| it["id"] == row.id()).cloned();
    let (old, new) = (rows(before), rows(result));
    let all = Row::all().filter_map(|row| of(&new, row).or_else(|| of(&old, row)));
    let mut merged = result.clone();
    merged["rows"] = all.collect();
    merged
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

const COLUMNS: &str = "\
| Fault | Binder | Runs | Lost | Duplicated | Reordered | Commit ahead | Recovery | Result | Commit |
|---|---|---|---|---|---|---|---|---|---|";

fn table(binder: Binder, result: &Value) -> Result<String> {
    let version = result["version"].as_str().context("no `version`")?;
    let rows = result["rows"].as_array().context("no `rows`")?;
    let head = format!("## {} {version}\n\n{COLUMNS}", binder.name());
    let (mut lines, mut notes) = (vec![head], Vec::new());
    for row in Row::all().filter(|row| row.is_on(binder)) {
        let found = rows.iter().find(|found| found["id"] == row.id()).unwrap_or(&Value::Null);
        lines.push(line(row, binder, found));
        let left_out = found["left_out"].as_str();
        notes.extend(left_out.map(|part| format!("- {}, left out: {part}", row.id())));
        let long = found["longest_run_seconds"].as_f64().filter(|it| *it > LONG.as_secs_f64());
        notes.extend(long.map(|seconds| format!("- {}, longest run: {seconds:.0} s", row.id())));
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

/// One row; dashes where it was not run.
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
    let result = found["result"].as_str().unwrap_or("not run");
    format!(
        "| {} {} | {} | {} | {recovery} | {result} | {} |",
        row.id(),
        row.name(),
        binder.name(),
        figures.join(" | "),
        figure("commit")
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::faults::outcome::Run;

    #[test]
    fn the_page_is_what_the_results_give() {
        let made = page(&kept().unwrap()).unwrap();
        assert!(made == read(PAGE).unwrap(), "{PAGE} is out of date: run with `--write`");
    }

    fn outcome(row: Row, lost: u64) -> Value {
        let faults = vec!["3 jobs are lost\nthe log".to_owned()];
        let took = LONG + Duration::from_secs(7);
        let run = Run { lost, faults, took, ..Run::default() };
        Outcome { row, runs: vec![run], left_out: Some("a part") }.json()
    }

    #[test]
    fn what_did_not_hold_or_was_not_run_is_seen() {
        let result = json!({ "version": "1", "rows": [outcome(Row::F13, 3)] });
        let page = page(&[(Binder::Memory, result)]).unwrap();
        let row = "| F13 poison messages | memory | 1 | 3 | 0 | 0 | - | - | failed | - |";
        assert!(page.contains(row), "{page}");
        assert!(page.contains("| F15 function hangs | memory | - | - | - | - | - | - | not run |"));
        let notes = "- F13, left out: a part\n- F13, longest run: 67 s\n- F13, did not hold: 3 jobs are lost\n";
        assert!(page.contains(notes), "{page}");
    }

    #[test]
    fn rows_that_were_not_run_again_are_kept() {
        let result = |rows: &[Value]| json!({ "version": "1", "rows": rows });
        let before = result(&[outcome(Row::F13, 3), outcome(Row::F15, 4)]);
        let after = merged(&before, &result(&[outcome(Row::F15, 0), outcome(Row::F01, 1)]));
        let lost = after["rows"].as_array().unwrap().iter().map(|row| row["lost"].as_u64());
        assert_eq!(lost.collect::<Vec<_>>(), [Some(1), Some(3), Some(0)]);
        let first = merged(&Value::Null, &before);
        assert_eq!(first, before);
    }
}
