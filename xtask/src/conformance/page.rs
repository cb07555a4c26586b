//! `docs/spec/conformance.md`, from the results that are kept.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{
    command,
    conformance::{numbers::Number, read, record::text, report::Report, target::Target},
};

const PAGE: &str = "docs/spec/conformance.md";

const HEAD: &str = "\
# Conformance

What each binder showed of [the specification](binder.md), number by number.
Written by `cargo xtask conformance --binder memory --write` and the like from
`docs/results/conformance-*.json`; do not edit. What may be ignored stands in
[`allowed-ignores.toml`](allowed-ignores.toml).

";

/// Keep a result and write the page again.
pub(crate) fn keep(target: Target, report: &Report) -> Result<()> {
    let text = format!("{:#}\n", report.json());
    let result = command::repository().join(file(target));
    fs::create_dir_all(result.parent().context("a file has a folder")?)?;
    fs::write(&result, text).with_context(|| format!("cannot write {}", result.display()))?;
    fs::write(command::repository().join(PAGE), page(&kept()?)?)
        .with_context(|| format!("cannot write {PAGE}"))
}

fn file(target: Target) -> String {
    format!("docs/results/conformance-{}.json", target.name())
}

/// The results that there are, by column.
fn kept() -> Result<Vec<(Target, Value)>> {
    let there = |target: &Target| command::repository().join(file(*target)).is_file();
    let read = |target| Ok((target, serde_json::from_str(&read(&file(target))?)?));
    Target::ALL.into_iter().filter(there).map(read).collect()
}

/// A row for each number, then the reasons.
fn page(results: &[(Target, Value)]) -> Result<String> {
    let mut rows = vec![String::from("| | |"), String::from("|---|---|")];
    let mut tables = Vec::new();
    for (target, result) in results {
        let version = text(result, "version")?;
        rows[0] += &format!(" {} {version} |", target.name());
        rows[1] += "---|";
        tables.push((target.name(), by_id(result)?));
    }
    let mut notes = Vec::new();
    for number in Number::all() {
        let (id, name) = (number.id(), number.name());
        let mut row = format!("| {id} | `{name}` |");
        let mut reasons = BTreeMap::<&str, Vec<&str>>::new();
        for (column, cases) in &tables {
            let case = cases.get(id.as_str()).with_context(|| format!("{column} lacks {id}"))?;
            row += &format!(" {} |", text(case, "result")?);
            let reason = text(case, "reason")?;
            if !reason.is_empty() {
                reasons.entry(reason).or_default().push(column);
            }
        }
        rows.push(row);
        let lines = reasons.iter().map(|(reason, columns)| {
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("- {id}, {}: {reason}", columns.join(", "))
        });
        notes.extend(lines);
    }
    let (rows, notes) = (rows.join("\n"), notes.join("\n"));
    Ok(format!("{HEAD}{rows}\n\n## Reasons\n\n{notes}\n"))
}

fn by_id(result: &Value) -> Result<BTreeMap<&str, &Value>> {
    let cases = result["cases"].as_array().context("no `cases`")?;
    cases.iter().map(|case| Ok((text(case, "id")?, case))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_results_give() {
        let page = page(&kept().unwrap()).unwrap();
        let found = read(PAGE).unwrap();
        assert!(page == found, "{PAGE} is not what docs/results give: run with `--write`");
    }

    #[test]
    fn a_result_without_a_number_is_an_error() {
        let result = serde_json::json!({ "version": "1", "cases": [] });
        let error = page(&[(Target::Kafka, result)]).unwrap_err();
        assert_eq!(error.to_string(), "kafka lacks C01");
    }
}
