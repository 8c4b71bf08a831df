//! What is compared: where it stands in a report, and whether more of it is better.

use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Better {
    /// Beyond the tolerance, less is worse.
    More,
    /// Beyond the tolerance, more is worse.
    Less,
    /// More is worse, however little.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Count,
    PerSecond,
    Micros,
    Seconds,
}

#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    path: &'static str,
    better: Better,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Same,
    Better,
    Worse,
}

const fn metric(name: &'static str, path: &'static str, better: Better, unit: Unit) -> Metric {
    Metric { name, path, better, unit }
}

const fn fault(name: &'static str, path: &'static str) -> Metric {
    metric(name, path, Better::None, Unit::Count)
}

const fn latency(name: &'static str, path: &'static str) -> Metric {
    metric(name, path, Better::Less, Unit::Micros)
}

pub(super) const METRICS: &[Metric] = &[
    metric("sent/s", "/sent_per_second", Better::More, Unit::PerSecond),
    metric("deliveries/s", "/deliveries_per_second", Better::More, Unit::PerSecond),
    latency("latency p50", "/latency_us/p50"),
    latency("latency p90", "/latency_us/p90"),
    latency("latency p99", "/latency_us/p99"),
    latency("latency p99.9", "/latency_us/p999"),
    latency("latency max", "/latency_us/max"),
    metric("time to come in", "/gather_seconds", Better::Less, Unit::Seconds),
    fault("lost", "/lost"),
    fault("doubled", "/doubled"),
    fault("reordered", "/reordered"),
    fault("gaps", "/gaps"),
    fault("strays", "/strays"),
    fault("unsent", "/unsent"),
    fault("holes among facts", "/fact_holes"),
    fault("facts told twice", "/fact_doubles"),
    fault("wrong receipts", "/receipts_wrong"),
    fault("refused", "/refused"),
    fault("errors", "/errors"),
];

impl Metric {
    /// Its value in a report; kinds of faults are added up. `None` when the report has none.
    pub(super) fn of(&self, report: &Value) -> Option<f64> {
        match report.pointer(self.path)? {
            Value::Object(kinds) => {
                // A sum of nothing is -0, which would be shown.
                Some(kinds.values().filter_map(Value::as_f64).sum::<f64>() + 0.0)
            }
            value => value.as_f64(),
        }
    }

    /// What the step from `before` to `after` means, when so many percent may be chance.
    pub(super) fn change(&self, before: f64, after: f64, tolerance: f64) -> Change {
        let far = before.abs() * tolerance / 100.0;
        let (worse, better) = match self.better {
            Better::More => (after < before - far, after > before + far),
            Better::Less => (after > before + far, after < before - far),
            Better::None => (after > before, after < before),
        };
        match (worse, better) {
            (true, _) => Change::Worse,
            (_, true) => Change::Better,
            _ => Change::Same,
        }
    }

    pub(super) fn show(&self, value: f64) -> String {
        match self.unit {
            Unit::Count => format!("{value:.0}"),
            Unit::PerSecond => format!("{value:.1}"),
            Unit::Micros => format!("{:.2} ms", value / 1e3),
            Unit::Seconds => format!("{value:.2} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_every_metric() {
        use crate::measure::Totals;
        use crate::report::{Report, tests::about};
        let json = Report::new(about(), Totals::new()).json().expect("serializes");
        let report: Value = serde_json::from_str(&json).expect("JSON");
        for metric in METRICS {
            assert!(metric.of(&report).is_some(), "{}", metric.name);
        }
    }

    #[test]
    fn a_fault_has_no_tolerance() {
        let lost = METRICS.iter().find(|metric| metric.name == "lost").expect("it is there");
        assert_eq!(lost.change(100.0, 101.0, 50.0), Change::Worse);
        assert_eq!(lost.change(1.0, 0.0, 50.0), Change::Better);
    }
}
