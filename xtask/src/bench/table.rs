//! What a person reads.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::plan::{Kind, OURS, Program};

/// One line of a round.
pub(crate) fn round(number: u32, of: u32, round: &Value) -> String {
    let order = round["order"].as_array().map_or(&[][..], Vec::as_slice);
    let rates: Vec<String> = order
        .iter()
        .filter_map(Value::as_str)
        .map(|name| {
            let result = &round["results"][name];
            let twice = result["verdict"]["duplicates"].as_u64().unwrap_or(0);
            let twice = if twice > 0 { format!(" ({twice} twice)") } else { String::new() };
            format!("{name} {}{twice}", rate(&result["msgs_per_s"]))
        })
        .collect();
    let load = round["load before"].as_f64().unwrap_or(f64::NAN);
    format!("round {number} of {of}: {} (load {load:.1})", rates.join(", "))
}

/// Every setting of every program, each once.
pub(crate) fn settings(rounds: &[Value], clients: &Value) -> String {
    let mut text = String::from("settings\n");
    let results = rounds.first().and_then(|round| round["results"].as_object());
    for (name, result) in results.into_iter().flatten() {
        write_line(&mut text, 1, name, "");
        if let Some(settings) = result["settings"].as_object() {
            lines(&mut text, 2, settings);
        }
        if let (OURS, Some(clients)) = (name.as_str(), clients.as_object()) {
            lines(&mut text, 2, clients);
        }
    }
    text
}

fn lines(text: &mut String, depth: usize, settings: &Map<String, Value>) {
    for (key, value) in settings {
        match value {
            Value::Object(inner) => {
                write_line(text, depth, key, "");
                lines(text, depth + 1, inner);
            }
            Value::String(value) => write_line(text, depth, key, value),
            other => write_line(text, depth, key, &other.to_string()),
        }
    }
}

fn write_line(text: &mut String, depth: usize, key: &str, value: &str) {
    let indent = "  ".repeat(depth);
    let line = if value.is_empty() { key.to_owned() } else { format!("{key}: {value}") };
    text.push_str(&format!("{indent}{line}\n"));
}

/// The medians, and the ratio of ours to each of the others.
pub(crate) fn summary(kind: Kind, messages: u64, summary: &Value) -> String {
    let mut text = format!("{}, {messages} orders, medians\n", kind.name());
    text.push_str(&row([
        "",
        "msg/s",
        "spread",
        "CPU µs",
        "allocs",
        "waits/1000",
        "MiB",
        "ours to it",
    ]));
    for program in kind.programs() {
        let it = &summary[program.name];
        let number = |figure: &str, digits: usize| {
            it[figure].as_f64().map_or_else(String::new, |value| format!("{value:.digits$}"))
        };
        let spread = it["spread"].as_f64().map_or(f64::NAN, |spread| spread * 100.0);
        text.push_str(&row([
            program.name,
            &rate(&it["msgs_per_s"]),
            &format!("{spread:.0} %"),
            &number("cpu_us_per_msg", 2),
            &number("rust_allocs_per_msg", 2),
            &number("waits_per_1000", 1),
            &number("resident_mib", 0),
            &ratio(program, &it["ours_to_it"]),
        ]));
    }
    text
}

fn row(cells: [&str; 8]) -> String {
    let [name, rate, spread, cpu, allocations, waits, resident, ratio] = cells;
    let mut line = String::new();
    let written = writeln!(
        line,
        "  {name:<8} {rate:>9} {spread:>7} {cpu:>7} {allocations:>7} {waits:>11} {resident:>5}  {ratio}"
    );
    debug_assert!(written.is_ok(), "writing to a string does not fail");
    line
}

fn ratio(program: &Program, ratio: &Value) -> String {
    let number = |which: &str| ratio[which].as_f64();
    let (Some(median), Some(least), Some(most)) =
        (number("median"), number("least"), number("most"))
    else {
        return String::new();
    };
    let goal = program.goal.map_or_else(String::new, |goal| format!(", goal {goal:.1}"));
    format!("{median:.2} ({least:.2} to {most:.2}{goal})")
}

fn rate(value: &Value) -> String {
    let rate = value.as_f64().unwrap_or(f64::NAN);
    if rate >= 100_000.0 { format!("{:.0} k", rate / 1e3) } else { format!("{:.1} k", rate / 1e3) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_has_rate_ratio_and_goal() {
        let figures = json!({
            "window": {
                "msgs_per_s": 401_234.0, "spread": 0.153, "cpu_us_per_msg": 3.1,
                "ours_to_it": { "median": 1.3, "least": 1.2, "most": 1.4 },
            },
        });
        let text = summary(Kind::Kafka, 1000, &figures);
        let row = text.lines().find(|line| line.contains("window")).unwrap();
        for part in ["401 k", "15 %", "3.10", "1.30 (1.20 to 1.40, goal 1.2)"] {
            assert!(row.contains(part), "{row}");
        }
    }

    #[test]
    fn settings_are_indented_by_their_depth() {
        let rounds =
            [json!({ "results": { "ours": { "settings": { "own": { "order": "Key" } } } } })];
        let clients = json!({ "producer": { "acks": "-1" } });
        let text = settings(&rounds, &clients);
        assert!(text.contains("  ours\n    own\n      order: Key\n"), "{text}");
        assert!(text.contains("    producer\n      acks: -1\n"), "{text}");
    }
}
