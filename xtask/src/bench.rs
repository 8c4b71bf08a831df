//! `cargo xtask bench`: Convoke and its peers on the same work in one run, interleaved; the tables
//! of docs/PERFORMANCE.md, and JSON and a plot under `target/bench`.

mod agree;
mod builds;
mod churn;
mod driver;
mod durable;
mod fanout;
mod journal;
mod knee;
mod latency;
mod loadgen;
mod meetings;
mod memory;
mod people;
mod plot;
mod process;
mod rates;
mod report;
mod servers;
mod slow;
mod toggles;
mod work;

use std::time::Duration;

use crate::{Failed, Outcome, say};
use report::Report;

/// Measures one part and adds what it came to.
type Measure = fn(&Plan, &mut Report) -> Outcome;

/// The parts, in the order of the tables.
const PARTS: [(&str, Measure); 13] = [
    ("fanout", fanout::measure),
    ("latency", latency::measure),
    ("knee", knee::measure),
    ("meetings", meetings::measure),
    ("toggles", toggles::measure),
    ("memory", memory::measure),
    ("slow", slow::measure),
    ("join", people::measure),
    ("churn", churn::measure),
    ("log", journal::measure),
    ("durable", durable::measure),
    ("work", work::measure),
    ("agree", agree::measure),
];

/// Rest before each part.
const REST_SECONDS: f64 = 15.0;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// How often each figure is taken; the median counts.
    pub(crate) rounds: usize,
    /// A small version of everything: whether it works, not what it comes to.
    pub(crate) quick: bool,
    /// Fan-out of messages of this size only.
    pub(crate) size: Option<usize>,
    /// Fan-out to this many readers only.
    pub(crate) people: Option<usize>,
}

impl Plan {
    /// Seconds of one measurement: as given, or short.
    fn seconds(&self, full: f64) -> f64 {
        if self.quick { 0.3 } else { full }
    }

    /// How many: as given, or few.
    fn count(&self, full: usize, few: usize) -> usize {
        if self.quick { few } else { full }
    }
}

/// Measures everything, or the parts that are named.
pub(crate) fn bench(words: &[&str]) -> Outcome {
    if let ["loadgen", rest @ ..] = words {
        return loadgen::bench(rest);
    }
    let mut plan = Plan { rounds: 5, quick: false, size: None, people: None };
    let (mut named, mut build) = (Vec::new(), true);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--quick" => plan = Plan { rounds: 1, quick: true, ..plan },
            "--size" => {
                let size = words.next().and_then(|size| size.parse().ok());
                plan.size = Some(size.ok_or(Failed("--size needs a number.".to_owned()))?);
            }
            "--people" => {
                let people = words.next().and_then(|people| people.parse().ok());
                plan.people = Some(people.ok_or(Failed("--people needs a number.".to_owned()))?);
            }
            "--no-build" => build = false,
            "--rounds" => {
                let rounds = words.next().and_then(|rounds| rounds.parse().ok());
                plan.rounds = rounds.ok_or(Failed("--rounds needs a number.".to_owned()))?;
            }
            part if PARTS.iter().any(|(name, _)| *name == part) => named.push(part),
            other => {
                let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
                return Err(Failed(format!(
                    "There is no part {other}: {}, loadgen.",
                    names.join(", ")
                )));
            }
        }
    }
    let wanted = |name: &str| named.is_empty() || named.contains(&name);
    if build {
        builds::build(wanted)?;
    }
    let mut report = Report::begin(plan)?;
    for (name, measure) in PARTS.iter().filter(|(name, _)| wanted(name)) {
        say::step(&format!("measuring: {name}"));
        rest(&plan);
        // One part that cannot be measured leaves the others their figures.
        if let Err(Failed(why)) = measure(&plan, &mut report) {
            say::error(&format!("{name}: {why}"));
            report.missing(name, &why);
        }
        report.save()?;
    }
    report.end()
}

/// The middle of what was measured; zero of nothing.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => figures[odd / 2],
        even => f64::midpoint(figures[even / 2 - 1], figures[even / 2]),
    }
}

/// The median of what each round came to against its peer: machines have slower minutes, which
/// both see in the same round.
fn ratio(ours: &[f64], peers: &[f64]) -> f64 {
    median(ours.iter().zip(peers).map(|(ours, its)| ours / its).collect())
}

/// Waits while nothing is measured.
/// Lets the disk come to rest: a part before may have written tens of gigabytes, and syncs of the
/// next one would wait behind them.
fn rest(plan: &Plan) {
    if !plan.quick {
        // Where there is no such command it only takes longer until the disk rests.
        let _ = std::process::Command::new("sync").status();
        pause(REST_SECONDS);
    }
}

fn pause(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_median_is_the_middle() {
        assert!(super::median(vec![]) == 0.0);
        assert!((super::median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < 1e-9);
        assert!((super::median(vec![1.0, 2.0, 4.0, 9.0]) - 3.0).abs() < 1e-9);
    }
}
