//! The report of the example: how it is read, and what it has to say.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// What the log of 10,000 requests comes to, and the lines added to it that are no requests.
pub(crate) fn known(broken: usize) -> Value {
    json!({
        "lines": 10_000 + broken,
        "complete": true,
        "requests": 10_000,
        "status": {
            "200": 9126, "206": 45, "301": 164, "304": 445,
            "403": 2, "404": 213, "416": 2, "500": 3,
        },
        "clients": 1753,
        "bytes": 2_747_282_740_u64,
        "alerts": 3,
        "dead_letters": broken,
    })
}

/// What the log that is compiled in comes to.
pub(crate) fn of_the_sample() -> Value {
    json!({
        "lines": 13,
        "complete": true,
        "requests": 9,
        "clients": 7,
        "bytes": 26_298,
        "alerts": 2,
        "dead_letters": 4,
    })
}

/// The report, the only thing that may stand on standard output.
pub(crate) fn read(printed: &str) -> Result<Value> {
    let [line] = printed.lines().collect::<Vec<_>>()[..] else {
        bail!("weblog printed something else than one line:\n{printed}");
    };
    serde_json::from_str(line).with_context(|| format!("weblog's report is not JSON: {line}"))
}

/// Every figure of `expected` as the report has it; the report may say more.
pub(crate) fn compare(report: &Value, expected: &Value) -> Result<()> {
    match differences(report, expected).as_slice() {
        [] => Ok(()),
        wrong => bail!("{}", wrong.join("; ")),
    }
}

/// The figures of `expected` that the report has otherwise.
pub(crate) fn differences(report: &Value, expected: &Value) -> Vec<String> {
    let figures = expected.as_object().into_iter().flatten();
    figures
        .filter(|(name, value)| report[name.as_str()] != **value)
        .map(|(name, value)| format!("{name} is {} instead of {value}", report[name.as_str()]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_figure_is_named_and_an_additional_one_is_not() {
        let mut report = known(0);
        report["run"] = json!("r1");
        assert!(compare(&report, &known(0)).is_ok());
        report["alerts"] = json!(2);
        report["status"]["500"] = json!(2);
        let error = compare(&report, &known(0)).unwrap_err().to_string();
        assert!(error.contains("alerts is 2 instead of 3"), "{error}");
        assert!(error.contains("status is"), "{error}");
        assert!(!error.contains("bytes"), "{error}");
    }

    #[test]
    fn a_missing_figure_is_wrong() {
        assert!(compare(&json!({}), &json!({ "complete": true })).is_err());
    }

    #[test]
    fn a_report_is_one_line_of_json() {
        assert!(read("{\"lines\":1}\n").is_ok());
        for printed in ["", "{}\n{}\n", "lines: 1\n"] {
            assert!(read(printed).is_err(), "{printed}");
        }
    }
}
