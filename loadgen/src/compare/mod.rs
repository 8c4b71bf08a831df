//! `loadgen compare`: two reports of the same load, metric by metric, and what got worse.

mod metric;

use std::fmt::Write as _;
use std::path::Path;

use metric::{Change, METRICS, Metric};
use serde_json::Value;

use crate::CannotRun;
use crate::cli::CompareArgs;

/// What two reports must share to be about the same load: path in the report and words for it.
const SAME: [(&str, &str); 8] = [
    ("/scenario", "scenario"),
    ("/kind", "kind"),
    ("/size_bytes", "size"),
    ("/rate_per_publisher", "rate of each publisher"),
    ("/sessions", "number of sessions"),
    ("/people", "number of people"),
    ("/publishers", "number of publishers"),
    ("/seed", "seed"),
];

/// What a comparison found.
pub(crate) struct Compared {
    rows: Vec<Row>,
    notes: Vec<String>,
    tolerance: f64,
}

struct Row {
    metric: &'static Metric,
    before: f64,
    after: f64,
    change: Change,
}

/// Compares the files that are named; the error is a sentence.
pub(crate) fn compare(args: &CompareArgs) -> Result<Compared, CannotRun> {
    if !(0.0..=1_000.0).contains(&args.tolerance) {
        return Err(format!("--tolerance {} must be from 0 to 1000", args.tolerance).into());
    }
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    compared(&before, &after, args.tolerance).map_err(CannotRun)
}

fn read(path: &Path) -> Result<Value, CannotRun> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let report: Value = serde_json::from_slice(&bytes)
        .map_err(|error| format!("{name} is not a report of loadgen: {error}"))?;
    match report.pointer("/latency_us/p99") {
        Some(Value::Number(_)) => Ok(report),
        _ => Err(format!("{name} is not a report of loadgen: it has no latency_us").into()),
    }
}

fn compared(before: &Value, after: &Value, tolerance: f64) -> Result<Compared, String> {
    for (path, words) in SAME {
        let (one, other) = (before.pointer(path), after.pointer(path));
        if one != other {
            let word = |value: Option<&Value>| {
                value.filter(|value| !value.is_null()).map_or("none".to_owned(), Value::to_string)
            };
            return Err(format!(
                "the reports cannot be compared: the {words} is {} in A and {} in B",
                word(one),
                word(other)
            ));
        }
    }
    for (name, report) in [("A", before), ("B", after)] {
        if report.pointer("/latency_us/count").and_then(Value::as_u64) == Some(0) {
            return Err(format!("the reports cannot be compared: nothing arrived in {name}"));
        }
    }
    let rows = METRICS.iter().filter_map(|metric| {
        let (before, after) = (metric.of(before)?, metric.of(after)?);
        let change = metric.change(before, after, tolerance);
        Some(Row { metric, before, after, change })
    });
    let limited = [("A", before), ("B", after)].into_iter().filter(|(_, report)| {
        report.pointer("/verdict").and_then(Value::as_str) == Some("generator")
    });
    let notes = limited.map(|(name, _)| {
        format!("in {name} the generator was the limit: its figures do not tell about the server")
    });
    Ok(Compared { rows: rows.collect(), notes: notes.collect(), tolerance })
}

impl Compared {
    /// Whether B is worse than A in anything.
    pub(crate) fn is_worse(&self) -> bool {
        self.worse().next().is_some()
    }

    fn worse(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.change == Change::Worse)
    }

    pub(crate) fn table(&self) -> String {
        let mut out = format!("{:<20} {:>14} {:>14} {:>10}\n", "metric", "A", "B", "change");
        for Row { metric, before, after, change } in &self.rows {
            let share = match (before, after) {
                (before, after) if before == after => "0 %".to_owned(),
                (before, _) if *before == 0.0 => "new".to_owned(),
                _ => format!("{:+.1} %", (after / before - 1.0) * 100.0),
            };
            let word = match change {
                Change::Same => "",
                Change::Better => "  better",
                Change::Worse => "  WORSE",
            };
            // Writing to a string does not fail.
            let _ = writeln!(
                out,
                "{:<20} {:>14} {:>14} {share:>10}{word}",
                metric.name,
                metric.show(*before),
                metric.show(*after)
            );
        }
        for note in &self.notes {
            let _ = writeln!(out, "note: {note}");
        }
        let worse: Vec<&str> = self.worse().map(|row| row.metric.name).collect();
        let _ = match worse.is_empty() {
            true => writeln!(out, "B is not worse than A by more than {} %", self.tolerance),
            false => writeln!(
                out,
                "B is worse than A by more than {} % in: {}",
                self.tolerance,
                worse.join(", ")
            ),
        };
        out
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Value {
        json!({
            "kind": "chat", "size_bytes": 100, "people": 11, "sound": true, "verdict": "ok",
            "sent_per_second": 20.0, "deliveries_per_second": 220.0, "lost": 0,
            "refused": {}, "errors": {"closed": 1},
            "latency_us": {"p50": 900, "p99": 4_000, "count": 2_200},
        })
    }

    fn with(path: &str, value: Value) -> Value {
        let mut report = report();
        *report.pointer_mut(path).expect("it is there") = value;
        report
    }

    #[test]
    fn the_same_is_not_worse() {
        let told = compared(&report(), &report(), 10.0).expect("comparable");
        assert!(!told.is_worse());
        assert!(told.table().ends_with("B is not worse than A by more than 10 %\n"));
    }

    #[test]
    fn what_got_worse_is_named() {
        for (path, value, name) in [
            ("/latency_us/p99", json!(4_500), "latency p99"),
            ("/deliveries_per_second", json!(190.0), "deliveries/s"),
            ("/lost", json!(1), "lost"),
            ("/errors", json!({"closed": 1, "broke": 1}), "errors"),
        ] {
            let told = compared(&report(), &with(path, value.clone()), 10.0).expect("comparable");
            let table = told.table();
            assert!(told.is_worse(), "{table}");
            assert!(table.ends_with(&format!("by more than 10 % in: {name}\n")), "{table}");
            let back = compared(&with(path, value), &report(), 10.0).expect("comparable");
            assert!(!back.is_worse(), "it is better the other way round: {}", back.table());
        }
    }

    #[test]
    fn what_is_within_the_tolerance_is_let_pass() {
        let slower = with("/latency_us/p99", json!(4_390));
        assert!(!compared(&report(), &slower, 10.0).expect("comparable").is_worse());
        assert!(compared(&report(), &slower, 5.0).expect("comparable").is_worse());
    }

    #[test]
    fn different_loads_are_not_compared() {
        for (path, value, word) in
            [("/kind", json!("media"), "kind"), ("/size_bytes", json!(200), "size")]
        {
            let why = compared(&report(), &with(path, value), 10.0).err().expect("different");
            assert!(why.contains(&format!("the {word} is ")), "{why}");
        }
        let nothing = with("/latency_us/count", json!(0));
        let why = compared(&report(), &nothing, 10.0).err().expect("nothing to compare");
        assert!(why.contains("nothing arrived in B"), "{why}");
    }

    #[test]
    fn a_generator_at_its_limit_is_noted() {
        let limited = with("/verdict", json!("generator"));
        let told = compared(&report(), &limited, 10.0).expect("comparable");
        assert!(told.table().contains("note: in B the generator was the limit"));
    }
}
