//! The report as a table for people.

use std::fmt::Write as _;

use super::{Report, Times};
use crate::cli::Kind;

impl Report {
    pub(crate) fn table(&self) -> String {
        let mut out = String::new();
        let mut row = |name: &str, value: String| {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{name:<12} {value}");
        };
        let kind = match self.kind {
            Kind::Chat => "chat",
            Kind::Media => "media",
        };
        // A scenario's publishers are told by role.
        let pace = match self.scene.is_of_file() {
            true => String::new(),
            false => {
                format!(" x {} {kind}/s of {} B", self.rate_per_publisher, self.size_bytes)
            }
        };
        row(
            "load",
            format!(
                "{} sessions, {} people, {} publishers{pace} for {:.1} s{}",
                self.sessions,
                self.people,
                self.publishers,
                self.seconds,
                if self.interrupted { " (interrupted)" } else { "" },
            ),
        );
        row(
            "sent",
            format!("{} ({:.1}/s), {} unsent", self.sent, self.sent_per_second, self.unsent),
        );
        row(
            "delivered",
            format!(
                "{} of {} ({:.0}/s)",
                self.delivered, self.expected, self.deliveries_per_second
            ),
        );
        row(
            "wrong",
            format!(
                "{} lost, {} doubled, {} reordered, {} gaps, {} strays; \
                 facts: {} holes, {} doubles; receipts: {} of {} wrong",
                self.lost,
                self.doubled,
                self.reordered,
                self.gaps,
                self.strays,
                self.fact_holes,
                self.fact_doubles,
                self.receipts_wrong,
                self.receipts_checked,
            ),
        );
        for (code, count) in &self.refused {
            row("refused", format!("{count} x {code}"));
        }
        for (what, count) in &self.errors {
            row("error", format!("{count} x {what}"));
        }
        self.scene.rows(&mut row);
        row("latency", times(&self.latency_us));
        row("own lag", times(&self.generator_lag_us));
        let cpu = self.generator_cpu_share.map_or_else(
            || "unknown".to_owned(),
            |share| {
                format!(
                    "{:.0} % of a core in the busiest of {} threads",
                    share * 100.0,
                    self.threads
                )
            },
        );
        row("own CPU", cpu);
        row("verdict", self.verdict_sentence.clone());
        out
    }
}

pub(super) fn times(times: &Times) -> String {
    let ms = |us: u64| format!("{:.2}", us as f64 / 1e3);
    format!(
        "p50 {}  p90 {}  p99 {}  p99.9 {}  max {} ms",
        ms(times.p50),
        ms(times.p90),
        ms(times.p99),
        ms(times.p999),
        ms(times.max)
    )
}
