//! One rate that was tried, and what to think of it.

use serde::Serialize;

use crate::report::Report;
use crate::verdict::Verdict;

/// How a rate did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// Everything arrived, in time.
    Held,
    /// Something did not arrive, or too late, and the generator had room to spare.
    Server,
    /// The generator could not make this load: nothing is known about the server.
    Generator,
}

/// Times are microseconds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Probe {
    /// Messages a second of each publisher, or times a scenario's sessions.
    pub(super) rate: f64,
    pub(super) sent_per_second: f64,
    pub(super) deliveries_per_second: f64,
    p50_us: u64,
    pub(super) p99_us: u64,
    max_us: u64,
    generator_lag_p99_us: u64,
    generator_cpu_share: Option<f64>,
    pub(super) outcome: Outcome,
    /// Why it did not hold; empty when it did.
    pub(super) why: String,
}

impl Probe {
    pub(super) fn of(rate: f64, report: &Report, p99_ms: f64) -> Self {
        let p99_us = report.latency_us.p99;
        let is_late = p99_us as f64 > p99_ms * 1e3;
        // A scenario's own thresholds must hold as well.
        let holds = report.sound() && report.passed();
        let (outcome, why) = match (holds && !is_late, report.verdict) {
            (true, _) => (Outcome::Held, String::new()),
            (false, Verdict::Generator) => (Outcome::Generator, report.verdict_sentence.clone()),
            (false, _) if !report.sound() => (Outcome::Server, report.verdict_sentence.clone()),
            (false, _) if !report.passed() => {
                (Outcome::Server, "a threshold of the scenario did not hold".to_owned())
            }
            (false, _) => {
                let why = format!("p99 {:.1} ms is above {p99_ms} ms", p99_us as f64 / 1e3);
                (Outcome::Server, why)
            }
        };
        Self {
            rate,
            sent_per_second: report.sent_per_second,
            deliveries_per_second: report.deliveries_per_second,
            p50_us: report.latency_us.p50,
            p99_us,
            max_us: report.latency_us.max,
            generator_lag_p99_us: report.generator_lag_us.p99,
            generator_cpu_share: report.generator_cpu_share,
            outcome,
            why,
        }
    }

    pub(super) const HEAD: &'static str =
        "      rate      sent/s  deliveries/s     p50 ms     p99 ms     max ms   own CPU  outcome";

    pub(super) fn row(&self) -> String {
        let ms = |us: u64| format!("{:.2}", us as f64 / 1e3);
        let cpu = self.generator_cpu_share;
        let cpu = cpu.map_or_else(|| "?".to_owned(), |share| format!("{:.0} %", share * 100.0));
        let outcome = match self.outcome {
            Outcome::Held => "held".to_owned(),
            Outcome::Server => format!("server: {}", self.why.trim_start_matches("the server: ")),
            Outcome::Generator => "generator".to_owned(),
        };
        format!(
            "{:>10} {:>11.1} {:>13.0} {:>10} {:>10} {:>10} {cpu:>9}  {outcome}",
            self.rate,
            self.sent_per_second,
            self.deliveries_per_second,
            ms(self.p50_us),
            ms(self.p99_us),
            ms(self.max_us)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Totals;
    use crate::report::tests::about;

    fn probe(change: impl FnOnce(&mut Totals)) -> Probe {
        let mut totals = crate::verdict::tests::good();
        change(&mut totals);
        Probe::of(10.0, &Report::new(about(), totals), 2.5)
    }

    #[test]
    fn the_server_and_the_generator_are_told_apart() {
        assert_eq!(probe(|_| ()).outcome, Outcome::Held);
        let lost = probe(|totals| totals.expected += 1);
        assert_eq!(lost.outcome, Outcome::Server);
        assert!(lost.row().contains("server: not all that was sent arrived"), "{}", lost.row());
        let late = probe(|totals| {
            for _ in 0..5 {
                totals.latency.saturating_record(40_000);
            }
        });
        assert_eq!((late.outcome, &late.why[..]), (Outcome::Server, "p99 40.0 ms is above 2.5 ms"));
        let busy = probe(|totals| {
            totals.cpu_share = Some(0.97);
            totals.expected += 1;
        });
        assert_eq!(busy.outcome, Outcome::Generator);
        assert_eq!(probe(|totals| totals.cpu_share = Some(0.97)).outcome, Outcome::Held);
    }
}
