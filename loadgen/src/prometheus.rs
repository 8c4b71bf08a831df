//! The run's counts while it goes, for Prometheus: text exposition format 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

use crate::control::{Control, Phase};
use crate::recorded::Recorded;

/// Upper bounds of the buckets of latencies, microseconds.
const BUCKETS: [u64; 15] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 10_000_000,
];
/// Different refusals that are told apart: a server must not make labels without end.
const CODES_MAX: usize = 20;
const QUANTILES: [f64; 3] = [0.5, 0.99, 0.999];

/// All that can be told now.
pub(crate) fn exposition(control: &Control) -> String {
    let mut out = String::new();
    let mut family = |name: &str, kind: &str, help: &str, lines: Vec<(String, f64)>| {
        // Writing to a string does not fail.
        let _ = writeln!(out, "# HELP loadgen_{name} {help}\n# TYPE loadgen_{name} {kind}");
        for (suffix, value) in lines {
            let _ = writeln!(out, "loadgen_{name}{suffix} {value}");
        }
    };
    let one = |value: f64| vec![(String::new(), value)];
    let seen = control.seen();

    let phases = Phase::ALL.map(|(phase, name)| {
        (format!("{{phase=\"{name}\"}}"), f64::from(u8::from(phase == control.phase())))
    });
    family("phase", "gauge", "1 for where the run is.", phases.into());
    let live = control.people(|counts| &counts.live);
    family("people", "gauge", "People connected.", one(live as f64));
    let sent = control.sum(|counts| &counts.sent);
    family("sent_total", "counter", "Messages sent.", one(sent as f64));
    let unsent = control.sum(|counts| &counts.unsent);
    family("held_back", "gauge", "Messages that are due and could not go yet.", one(unsent as f64));
    let expected = control.sum(|counts| &counts.expected);
    let help = "Deliveries that what was sent must lead to.";
    family("deliveries_expected_total", "counter", help, one(expected as f64));
    let delivered = control.sum(|counts| &counts.delivered);
    family("deliveries_total", "counter", "Deliveries that took place.", one(delivered as f64));
    let errors = control.sum(|counts| &counts.errors);
    let help = "Connections that ended, messages refused, deliveries that came twice.";
    family("errors_total", "counter", help, one(errors as f64));
    let refused = seen.refused.iter().take(CODES_MAX);
    let refused = refused.map(|(code, n)| (format!("{{code=\"{}\"}}", label(code)), *n as f64));
    family("refused_total", "counter", "Messages that the server refused.", refused.collect());
    let help = "From when a message was due to when it arrived, since the run began.";
    family("latency_seconds", "histogram", help, buckets(&seen.latency));
    let help = "Latency of what arrived in the last full second.";
    family("latency_recent_seconds", "gauge", help, quantiles(&seen.last.latency));
    let help = "How late the generator itself was with sending, in the last full second.";
    family("lag_recent_seconds", "gauge", help, quantiles(&seen.last.lag));
    if let Some(share) = seen.last.cpu_share() {
        let help = "Share of a core that the generator's busiest thread used.";
        family("cpu_share", "gauge", help, one(share));
    }
    out
}

fn buckets(latency: &Recorded) -> Vec<(String, f64)> {
    let seconds = |us: u64| us as f64 / 1e6;
    let bucket = |bound: String, count: u64| (format!("_bucket{{le=\"{bound}\"}}"), count as f64);
    let bounds = BUCKETS.iter();
    let bounds = bounds.map(|us| bucket(seconds(*us).to_string(), latency.count_up_to(*us)));
    let all = [
        bucket("+Inf".to_owned(), latency.count()),
        ("_sum".to_owned(), seconds(latency.sum())),
        ("_count".to_owned(), latency.count() as f64),
    ];
    bounds.chain(all).collect()
}

fn quantiles(times: &Recorded) -> Vec<(String, f64)> {
    if times.count() == 0 {
        return Vec::new();
    }
    let line = |name: &str, us: u64| (format!("{{quantile=\"{name}\"}}"), us as f64 / 1e6);
    let each = QUANTILES.map(|quantile| line(&quantile.to_string(), times.at_quantile(quantile)));
    each.into_iter().chain([line("1", times.max())]).collect()
}

/// A label's value: what would end it or the line is escaped.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_latencies_and_refusals_are_told() {
        let control = Control::new(2, Vec::new(), 0, std::sync::Arc::default());
        for (at, counts) in control.counts.iter().enumerate() {
            counts.delivered.store(at as u64 + 1, std::sync::atomic::Ordering::Relaxed);
            let mut seen = counts.seen.lock().expect("no panic");
            seen.latency = Recorded::from(&[400, 90_000][..]);
            seen.last.latency = Recorded::from(&[400][..]);
            seen.refused.insert("bad\"\n".into(), 2);
        }
        let text = exposition(&control);
        for want in [
            "loadgen_phase{phase=\"gather\"} 1\n",
            "loadgen_phase{phase=\"publish\"} 0\n",
            "# TYPE loadgen_deliveries_total counter\nloadgen_deliveries_total 3\n",
            "loadgen_latency_seconds_bucket{le=\"0.0005\"} 2\n",
            "loadgen_latency_seconds_bucket{le=\"0.1\"} 4\n",
            "loadgen_latency_seconds_bucket{le=\"+Inf\"} 4\n",
            "loadgen_latency_seconds_count 4\n",
            "loadgen_latency_recent_seconds{quantile=\"0.99\"} 0.0004\n",
            "loadgen_refused_total{code=\"bad\\\"\\n\"} 4\n",
        ] {
            assert!(text.contains(want), "{want}: {text}");
        }
        assert!(!text.contains("cpu_share"), "the system did not tell");
    }
}
