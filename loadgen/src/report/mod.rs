//! The report of a run: a table for people, JSON for programs.

mod command;
mod date;
mod files;
mod hlog;
mod html;
mod moment;
mod scene;
mod table;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use command::own as own_command;
pub(crate) use files::Files;
use hdrhistogram::Histogram;
use moment::Series;
use scene::Scene;
pub(crate) use scene::Setting;
use serde::{Serialize, Serializer};

use crate::cli::Kind;
use crate::measure::Totals;
use crate::verdict::{Verdict, sound};

/// Times at percentiles, in microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Times {
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
    pub(crate) mean: f64,
    pub(crate) count: u64,
}

impl Times {
    fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.max(),
            mean: histogram.mean(),
            count: histogram.len(),
        }
    }
}

/// So many percent of the deliveries took at most this long.
#[derive(Debug, Serialize)]
pub(crate) struct Percentile {
    pub(crate) percent: f64,
    pub(crate) us: u64,
}

/// Steps between 0 and 50 percent, as many between 50 and 75, and so on towards 100.
const STEPS_PER_HALF: u32 = 5;

fn percentiles(latency: &Histogram<u64>) -> Vec<Percentile> {
    let held = latency.iter_quantiles(STEPS_PER_HALF);
    held.map(|held| Percentile { percent: held.quantile() * 100.0, us: held.value_iterated_to() })
        .collect()
}

/// What was asked for, and what came of it. Times are microseconds unless the name says otherwise.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Version of loadgen.
    pub(crate) version: &'static str,
    /// The command that made it.
    pub(crate) command: String,
    /// When publishers began, milliseconds since 1970; when they did not, when the run began.
    #[serde(rename = "started_unix_ms", serialize_with = "unix_ms")]
    pub(crate) started: SystemTime,
    pub(crate) server: String,
    pub(crate) kind: Kind,
    pub(crate) sessions: usize,
    /// People connected, hosts and publishers included.
    pub(crate) people: usize,
    pub(crate) publishers: usize,
    pub(crate) rate_per_publisher: f64,
    pub(crate) size_bytes: usize,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    pub(crate) source_addresses: usize,
    /// How long publishers published, seconds.
    pub(crate) seconds: f64,
    /// Whether the person ended it early.
    pub(crate) interrupted: bool,
    pub(crate) gather_seconds: f64,
    /// Why the run ended early, and whether publishers had begun by then.
    failure: Option<String>,
    began: bool,

    sent: u64,
    unsent: u64,
    refused: BTreeMap<String, u64>,
    /// Deliveries that what was sent must lead to, and those that took place.
    expected: u64,
    delivered: u64,
    lost: u64,
    doubled: u64,
    reordered: u64,
    gaps: u64,
    strays: u64,
    fact_holes: u64,
    fact_doubles: u64,
    receipts_checked: u64,
    receipts_wrong: u64,
    errors: BTreeMap<String, u64>,

    pub(crate) sent_per_second: f64,
    pub(crate) deliveries_per_second: f64,
    /// From intended sending to receipt.
    pub(crate) latency_us: Times,
    /// From intended to real sending, this program's own doing.
    pub(crate) generator_lag_us: Times,
    /// Share of a processor that the busiest thread used.
    pub(crate) generator_cpu_share: Option<f64>,
    generator_cpu_seconds: f64,
    pub(crate) verdict: Verdict,
    pub(crate) verdict_sentence: String,
    sound: bool,
    #[serde(flatten)]
    scene: Scene,
    /// The same by seconds, from when publishers began.
    series: Series,
    /// Latency by share of the deliveries.
    latency_by_percentile: Vec<Percentile>,
    #[serde(skip)]
    recorded: crate::series::Series,
}

/// The part of a report that the plan and the place give.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) server: String,
    pub(crate) kind: Kind,
    pub(crate) sessions: usize,
    pub(crate) people: usize,
    pub(crate) publishers: usize,
    pub(crate) rate: f64,
    pub(crate) size: usize,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    pub(crate) sources: usize,
    pub(crate) seconds: f64,
    pub(crate) interrupted: bool,
    pub(crate) gather_seconds: f64,
    pub(crate) setting: Setting,
    pub(crate) command: String,
    pub(crate) started: SystemTime,
    pub(crate) failure: Option<String>,
    pub(crate) began: bool,
}

impl Report {
    pub(crate) fn new(about: About, totals: Totals) -> Self {
        let verdict = Verdict::of(&totals);
        let whole = about.failure.is_none();
        let sound = sound(&totals) && whole;
        let per_second = |count: u64| count as f64 / about.seconds.max(1e-3);
        let found = verdict.sentence(&totals);
        let verdict_sentence = match &about.failure {
            Some(why) if about.began => match totals.lost() {
                0 => format!("{why}: all that had been sent by then had arrived"),
                lost => format!("{why}: {lost} of {} deliveries were missing", totals.expected),
            },
            Some(why) => why.clone(),
            None => found,
        };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            command: about.command,
            started: about.started,
            failure: about.failure,
            began: about.began,
            server: about.server,
            kind: about.kind,
            sessions: about.sessions,
            people: about.people,
            publishers: about.publishers,
            rate_per_publisher: about.rate,
            size_bytes: about.size,
            seed: about.seed,
            threads: about.threads,
            source_addresses: about.sources,
            seconds: about.seconds,
            interrupted: about.interrupted,
            gather_seconds: about.gather_seconds,
            sent: totals.sent,
            unsent: totals.unsent,
            expected: totals.expected,
            delivered: totals.delivered,
            lost: totals.lost(),
            doubled: totals.doubled,
            reordered: totals.reordered,
            gaps: totals.gaps,
            strays: totals.strays,
            fact_holes: totals.fact_holes,
            fact_doubles: totals.fact_doubles,
            receipts_checked: totals.receipts,
            receipts_wrong: totals.receipts_wrong,
            sent_per_second: per_second(totals.sent),
            deliveries_per_second: per_second(totals.delivered),
            latency_us: Times::of(&totals.latency),
            generator_lag_us: Times::of(&totals.lag),
            generator_cpu_share: totals.cpu_share,
            generator_cpu_seconds: totals.cpu_ns as f64 / 1e9,
            verdict,
            verdict_sentence,
            sound,
            scene: Scene::new(about.setting, whole, &totals),
            series: Series::of(&totals.series),
            latency_by_percentile: percentiles(&totals.latency),
            recorded: totals.series,
            refused: totals.refused,
            errors: totals.errors,
        }
    }

    /// Whether delivered equals sent, and nothing went wrong.
    pub(crate) fn sound(&self) -> bool {
        self.sound
    }

    /// Whether nothing went wrong but what the thresholds allow, and they held.
    pub(crate) fn passed(&self) -> bool {
        self.scene.passed()
    }

    /// Why nobody published at all.
    pub(crate) fn never_began(&self) -> Option<&str> {
        self.failure.as_deref().filter(|_| !self.began)
    }

    /// The seconds with all their times.
    fn recorded(&self) -> &crate::series::Series {
        &self.recorded
    }

    pub(crate) fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|json| json + "\n")
    }
}

fn unix_ms<S: Serializer>(moment: &SystemTime, into: S) -> Result<S::Ok, S::Error> {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    into.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::tally::Came;

    pub(crate) fn about() -> About {
        About {
            server: "http://localhost:8889".into(),
            kind: Kind::Chat,
            sessions: 1,
            people: 3,
            publishers: 1,
            rate: 2.0,
            size: 100,
            seed: 1,
            threads: 1,
            sources: 1,
            seconds: 1.0,
            interrupted: false,
            gather_seconds: 0.1,
            command: "loadgen run".into(),
            started: UNIX_EPOCH + std::time::Duration::from_secs(1_772_373_909),
            failure: None,
            began: true,
            setting: setting(),
        }
    }

    fn setting() -> Setting {
        let args = crate::plan::tests::args(&[]);
        Setting::of(&crate::scenario::Scenario::of(&args).expect("sound"), 0.1)
    }

    #[test]
    fn a_report_tells_the_same_in_both_forms() {
        let mut totals = Totals::new();
        (totals.sent, totals.expected) = (2, 6);
        for _ in 0..5 {
            totals.came(Came::Next, 1_500);
        }
        totals.error("the server closed the connection".into());
        let report = Report::new(about(), totals);
        assert!(!report.passed());
        let json = report.json().expect("serializes");
        let told: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(told["delivered"], 5);
        assert_eq!(told["lost"], 1);
        assert_eq!(told["started_unix_ms"], 1_772_373_909_000u64);
        assert_eq!(told["verdict"], "server");
        assert_eq!(told["latency_us"]["count"], 5);
        let percentiles = told["latency_by_percentile"].as_array().expect("a list");
        assert_eq!(percentiles.last().expect("not empty")["us"], 1_500);
        let table = report.table();
        assert!(table.contains("5 of 6") && table.contains("1 lost"), "{table}");
        assert!(table.contains("p99 1.50"), "{table}");
    }

    #[test]
    fn a_run_that_ended_early_says_why_first() {
        let why = || Some("the server went away after 3.0 s of 10.0 s".to_owned());
        let mut totals = Totals::new();
        (totals.sent, totals.expected) = (1, 1);
        totals.came(Came::Next, 10);
        let late = Report::new(About { failure: why(), ..about() }, totals);
        assert!(!late.passed() && late.never_began().is_none());
        assert!(late.verdict_sentence.starts_with("the server went away after 3.0 s of 10.0 s: "));
        let early = About { failure: why(), began: false, ..about() };
        assert_eq!(Report::new(early, Totals::new()).never_began(), why().as_deref());
    }
}
