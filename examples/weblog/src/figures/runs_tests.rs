//! When a run is reported, and with which figures.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

fn hit(client: &str, status: u16, bytes: u64) -> Hit {
    let line = format!("{client} - - [17/May/2015:10:05:03 +0000] \"GET /\" {status} {bytes}");
    Hit::parse(line.as_bytes()).unwrap()
}

fn mark(run: &str, line: u64) -> Mark<'_> {
    Mark { run: run.into(), line }
}

fn end(run: &str, lines: u64) -> End {
    End { run: run.into(), lines }
}

/// Runs and a clock that stands still until it is moved.
struct Bench {
    runs: Runs,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        Self { runs: Runs::new(PATIENCE), now: Instant::now() }
    }

    fn hit(&mut self, run: &str, line: u64, status: u16) -> Option<Report> {
        self.runs.hit(&mark(run, line), &hit(&format!("10.0.0.{line}"), status, 10), self.now)
    }

    fn dead(&mut self, run: &str, line: u64) -> Option<Report> {
        self.runs.dead(&mark(run, line), self.now)
    }

    fn alert(&mut self, run: &str, line: u64) -> Option<Report> {
        self.runs.alert(&mark(run, line), self.now)
    }

    fn ended(&mut self, run: &str, lines: u64) -> Option<Report> {
        self.runs.ended(&end(run, lines), self.now)
    }

    fn pass(&mut self, seconds: u64) -> Vec<Report> {
        self.now += Duration::from_secs(seconds);
        self.runs.expired(self.now)
    }
}

#[test]
fn a_run_is_reported_when_lines_alerts_and_end_are_there() {
    let mut bench = Bench::new();
    assert_eq!(bench.hit("a", 1, 200), None);
    assert_eq!(bench.hit("a", 3, 503), None);
    assert_eq!(bench.ended("a", 3), None);
    assert_eq!(bench.dead("a", 2), None);
    let report = bench.alert("a", 3).unwrap();
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"requests":2,"status":{"200":1,"503":1},"clients":2,"bytes":20,"alerts":1,"#,
            r#""dead_letters":1,"lines":3,"duplicates":0,"complete":true,"run":"a"}"#
        )
    );
}

#[test]
fn every_delivery_beyond_the_first_of_a_line_is_a_duplicate() {
    let mut bench = Bench::new();
    bench.hit("a", 1, 500);
    bench.hit("a", 1, 500);
    bench.dead("a", 2);
    bench.dead("a", 2);
    bench.dead("a", 1);
    bench.alert("a", 1);
    bench.alert("a", 1);
    let report = bench.ended("a", 2).unwrap();
    assert_eq!((report.requests, report.bytes, report.dead_letters), (1, 10, 2));
    assert_eq!((report.duplicates, report.alerts), (3, 1));
}

#[test]
fn an_empty_log_is_complete_at_its_end() {
    let report = Bench::new().ended("a", 0).unwrap();
    assert!(report.complete && report.lines == 0);
}

#[test]
fn lines_that_the_log_does_not_have_complete_nothing() {
    let mut bench = Bench::new();
    bench.hit("a", 1, 200);
    bench.hit("a", 5, 200);
    assert_eq!(bench.ended("a", 2), None);
    let report = bench.pass(60).remove(0);
    assert_eq!(report.missing.unwrap().first, [2]);
}

#[test]
fn an_alert_of_no_failure_is_not_complete() {
    let mut bench = Bench::new();
    bench.alert("a", 1);
    bench.hit("a", 1, 200);
    assert_eq!(bench.ended("a", 1), None);
    assert!(!bench.pass(60)[0].complete);
}

#[test]
fn other_runs_do_not_enter() {
    let mut bench = Bench::new();
    bench.hit("killed", 1, 200);
    bench.hit("killed", 2, 500);
    bench.hit("a", 1, 200);
    let report = bench.ended("a", 1).unwrap();
    assert_eq!((report.requests, report.clients), (1, 1));
    assert_eq!(report.run, "a");
}

#[test]
fn patience_counts_from_the_end_and_from_every_new_line() {
    let mut bench = Bench::new();
    bench.hit("a", 2, 200);
    assert_eq!(bench.runs.deadline(), None);
    assert!(bench.pass(3600).is_empty());
    bench.ended("a", 20);
    assert!(bench.pass(59).is_empty());
    bench.hit("a", 2, 200);
    assert_eq!(bench.runs.deadline(), Some(bench.now + Duration::from_secs(1)));
    bench.hit("a", 3, 500);
    assert!(bench.pass(59).is_empty());
    let report = bench.pass(1).remove(0);
    assert!(!report.complete);
    let missing = report.missing.unwrap();
    assert_eq!(missing.count, 19);
    assert_eq!(missing.first, [1, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(report.duplicates, 1);
}

#[test]
fn dead_letters_and_alerts_are_news_too() {
    let mut bench = Bench::new();
    bench.ended("a", 20);
    for line in 1..=3 {
        assert!(bench.pass(59).is_empty());
        bench.dead("a", line);
        assert!(bench.pass(59).is_empty());
        bench.alert("a", line);
    }
    bench.pass(59);
    bench.dead("a", 3);
    bench.alert("a", 3);
    assert_eq!(bench.pass(1).len(), 1);
}

#[test]
fn a_run_is_reported_once() {
    let mut bench = Bench::new();
    bench.hit("a", 1, 200);
    assert!(bench.ended("a", 1).is_some());
    assert_eq!(bench.ended("a", 1), None);
    assert_eq!(bench.hit("a", 1, 200), None);
    assert!(bench.pass(120).is_empty());
    bench.ended("b", 2);
    assert_eq!(bench.pass(60).len(), 1);
    assert_eq!(bench.hit("b", 1, 200), None);
    assert_eq!(bench.runs.open.len(), 0);
}

#[test]
fn open_and_reported_runs_are_bounded() {
    let mut bench = Bench::new();
    bench.ended("waits", 1);
    for number in 0..LIMIT as u64 + 50 {
        bench.now += Duration::from_millis(1);
        bench.hit(&format!("open {number}"), 1, 200);
        bench.ended(&format!("empty {number}"), 0);
    }
    assert!(bench.runs.open.len() <= LIMIT);
    assert_eq!((bench.runs.closed.len(), bench.runs.closed_in_order.len()), (LIMIT, LIMIT));
    assert!(bench.hit("waits", 1, 200).is_some());
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing_but_duplicates(
        order in proptest::collection::vec(0usize..23, 0..200),
        rest in Just((0usize..23).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        // 20 lines: 1 to 15 hits, of which 14 and 15 fail, 16 to 20 dead; two alerts; the end.
        let mut bench = Bench::new();
        let (mut report, mut deliveries) = (None, 0);
        for step in order.into_iter().chain(rest) {
            deliveries += u64::from(step < 20);
            report = match step {
                0..13 => bench.hit("a", step as u64 + 1, 200),
                13..15 => bench.hit("a", step as u64 + 1, 500),
                15..20 => bench.dead("a", step as u64 + 1),
                20..22 => bench.alert("a", step as u64 - 6),
                _ => bench.ended("a", 20),
            };
            if report.is_some() {
                break;
            }
        }
        let report = report.unwrap();
        prop_assert_eq!((report.requests, report.dead_letters, report.alerts), (15, 5, 2));
        prop_assert_eq!((report.bytes, report.clients), (150, 15));
        prop_assert_eq!(report.status, BTreeMap::from([(200, 13), (500, 2)]));
        prop_assert_eq!(report.duplicates, deliveries - 20);
        prop_assert!(report.complete && report.missing.is_none());
    }
}
