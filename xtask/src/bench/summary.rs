//! Medians, spread and ratios over rounds. Pure.

use serde_json::{Map, Value, json};

use super::plan::{OURS, Program};

/// What is summed up of each program.
pub(crate) const FIGURES: [&str; 5] =
    ["msgs_per_s", "cpu_us_per_msg", "rust_allocs_per_msg", "waits_per_1000", "resident_mib"];

/// By program: the median of each figure, the spread of the rate, and the ratio of ours to it.
pub(crate) fn of(rounds: &[Value], programs: &[Program]) -> Value {
    let mut summary = Map::new();
    for program in programs {
        let mut row = Map::new();
        for figure in FIGURES {
            let values = column(rounds, program.name, figure);
            row.insert(figure.to_owned(), json!(median(&values)));
        }
        let rates = column(rounds, program.name, "msgs_per_s");
        let (least, most) = ends(&rates);
        row.insert("msgs_per_s_least".to_owned(), json!(least));
        row.insert("msgs_per_s_most".to_owned(), json!(most));
        let spread = (most - least) / median(&rates);
        row.insert("spread".to_owned(), json!(spread));
        if program.name != OURS {
            row.insert("ours_to_it".to_owned(), ratio(rounds, program.name));
        }
        summary.insert(program.name.to_owned(), Value::Object(row));
    }
    Value::Object(summary)
}

/// Rounds are compared each with itself, since what disturbs one program of a round is likely to
/// disturb the others.
fn ratio(rounds: &[Value], other: &str) -> Value {
    let ours = column(rounds, OURS, "msgs_per_s");
    let theirs = column(rounds, other, "msgs_per_s");
    if ours.len() != theirs.len() || ours.is_empty() {
        return Value::Null;
    }
    let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
    let (least, most) = ends(&ratios);
    json!({ "median": median(&ratios), "least": least, "most": most })
}

fn column(rounds: &[Value], program: &str, figure: &str) -> Vec<f64> {
    rounds.iter().filter_map(|round| round["results"][program][figure].as_f64()).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

fn ends(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
        (least.min(*value), most.max(*value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::plan::Kind;

    fn round(ours: f64, window: f64) -> Value {
        let figures = |rate: f64| json!({ "msgs_per_s": rate, "cpu_us_per_msg": 2.0 });
        json!({ "results": { "ours": figures(ours), "window": figures(window) } })
    }

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_own() {
        let rounds = [round(100.0, 50.0), round(30.0, 30.0), round(90.0, 60.0)];
        let summary = of(&rounds, Kind::Kafka.programs());
        assert_eq!(summary["ours"]["msgs_per_s"], 90.0);
        assert_eq!(summary["window"]["msgs_per_s"], 50.0);
        let ratio = &summary["window"]["ours_to_it"];
        assert_eq!((&ratio["median"], &ratio["least"]), (&json!(1.5), &json!(1.0)));
        assert_eq!(summary["window"]["spread"], 0.6);
        assert_eq!(summary["batch"]["ours_to_it"], Value::Null);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
