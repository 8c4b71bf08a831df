//! `loadgen find-limit`: the highest load that keeps a bound of latency with everything delivered.
//! What grows is the rate of each publisher, or how many times a scenario's sessions there are.

mod probe;
mod search;

use std::fmt::Write as _;
use std::io::Write as _;

use probe::{Outcome, Probe};
use search::{Search, Steps};
use serde::Serialize;

use crate::CannotRun;
use crate::cli::{FileArgs, FindArgs, RunArgs};
use crate::report::{Files, Report};
use crate::run;

/// A rate that the server did not hold is tried again: one hiccup of a machine is not a limit.
const TRIES: u32 = 2;

/// What ended the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum LimitedBy {
    Server,
    Generator,
    /// Every rate up to the highest that was asked for held.
    Range,
    /// The person, or a run that could not take place.
    Interruption,
}

/// What grows from try to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Grows {
    /// Messages a second of each publisher.
    Rate,
    /// How many times a scenario's sessions there are.
    Sessions,
}

impl Grows {
    /// The most that is tried unless something else is said.
    fn most(self) -> f64 {
        match self {
            Self::Rate => 100_000.0,
            Self::Sessions => 1_000.0,
        }
    }

    fn steps(self) -> Steps {
        match self {
            Self::Rate => Steps::Any,
            Self::Sessions => Steps::Whole,
        }
    }

    /// So much of it.
    fn said(self, rate: f64) -> String {
        match self {
            Self::Rate => format!("{rate} messages/s of each publisher"),
            Self::Sessions => format!("{rate} times the scenario's sessions"),
        }
    }
}

/// What the search came to. Rates are messages a second of each publisher, or times a scenario's
/// sessions: `grows` says which.
#[derive(Debug, Serialize)]
pub(crate) struct Limit {
    grows: Grows,
    p99_ms_bound: f64,
    from: f64,
    to: f64,
    step_seconds: f64,
    probes: Vec<Probe>,
    /// The highest rate that held.
    limit: Option<Probe>,
    limited_by: LimitedBy,
    sentence: String,
    #[serde(skip)]
    could_run: bool,
}

/// Searches, and writes the files; the best run's report is what goes into the page.
pub(crate) fn find(args: &FindArgs) -> Result<Limit, CannotRun> {
    let grows = if args.run.scenario.is_some() { Grows::Sessions } else { Grows::Rate };
    let to = args.to.unwrap_or_else(|| grows.most());
    if !(args.from > 0.0 && args.from <= to && to <= 1e6) {
        return Err("--from must be above 0, and --to from there to 1000000".into());
    }
    if grows == Grows::Sessions && [args.from, to].iter().any(|ends| ends.fract() != 0.0) {
        return Err("--from and --to are whole numbers: times the scenario's sessions".into());
    }
    if !(args.p99_ms > 0.0 && args.p99_ms <= 3_600_000.0) {
        return Err(format!("--p99-ms {} must be above 0 and at most 3600000", args.p99_ms).into());
    }
    let files = Files::open(&args.run.files)?;
    let mut run = args.run.clone();
    run.files = FileArgs::default();
    run.seconds = Some(args.step_seconds);
    run.password = run::read_password(&run)?;
    let (limit, best) = search(args, (grows, to), run)?;
    files.write_as(&limit.json()?, best.as_ref())?;
    Ok(limit)
}

fn search(
    args: &FindArgs,
    (grows, to): (Grows, f64),
    mut run: RunArgs,
) -> Result<(Limit, Option<Report>), CannotRun> {
    let mut search = Search::new(args.from, to, grows.steps());
    let (mut probes, mut best): (Vec<Probe>, Option<(Probe, Report)>) = (Vec::new(), None);
    let mut stopped = None;
    say(Probe::HEAD);
    'search: while let Some(rate) = search.next() {
        for tries_left in (0..TRIES).rev() {
            match grows {
                Grows::Rate => run.rate = Some(rate),
                Grows::Sessions => run.times = Some(rate as u32),
            }
            let report = match tried(&run) {
                Ok(report) => report,
                Err(failure) if probes.is_empty() => return Err(failure),
                Err(CannotRun(why)) => {
                    stopped = Some((why, false));
                    break 'search;
                }
            };
            let probe = Probe::of(rate, &report, args.p99_ms);
            let (outcome, interrupted) = (probe.outcome, report.interrupted);
            say(&probe.row());
            probes.push(probe.clone());
            if interrupted {
                stopped = Some(("interrupted".to_owned(), true));
                break 'search;
            }
            if outcome == Outcome::Held {
                best = Some((probe, report));
            }
            if outcome != Outcome::Server || tries_left == 0 {
                search.tell(rate, outcome == Outcome::Held);
                break;
            }
        }
    }
    let could_run = stopped.as_ref().is_none_or(|(_, could_run)| *could_run);
    let (best, report) = best.unzip();
    let (limited_by, sentence) =
        concluded(args.from, (grows, to), best.as_ref(), (&probes, stopped.map(|(why, _)| why)));
    let limit = Limit {
        grows,
        p99_ms_bound: args.p99_ms,
        from: args.from,
        to,
        step_seconds: args.step_seconds,
        probes,
        limit: best,
        limited_by,
        sentence,
        could_run,
    };
    Ok((limit, report))
}

fn tried(args: &RunArgs) -> Result<Report, CannotRun> {
    let report = run::run(args)?;
    match report.never_began() {
        Some(why) if args.tickets.is_some() => {
            Err(format!("{why} (a ticket is good once: find-limit wants --account)").into())
        }
        Some(why) => Err(why.into()),
        None => Ok(report),
    }
}

/// What the search means, in a sentence.
fn concluded(
    from: f64,
    (grows, to): (Grows, f64),
    best: Option<&Probe>,
    (probes, stopped): (&[Probe], Option<String>),
) -> (LimitedBy, String) {
    let found = match best {
        None => format!("not even {} held", grows.said(from)),
        Some(best) => format!(
            "the most that held is {}: {:.0} deliveries/s with p99 {:.1} ms",
            grows.said(best.rate),
            best.deliveries_per_second,
            best.p99_us as f64 / 1e3
        ),
    };
    if let Some(why) = stopped {
        return (LimitedBy::Interruption, format!("{found}; the search ended early: {why}"));
    }
    let above = |probe: &&Probe| {
        probe.outcome != Outcome::Held && best.is_none_or(|best| probe.rate > best.rate)
    };
    let lowest = probes.iter().filter(above).min_by(|one, two| one.rate.total_cmp(&two.rate));
    // The last word on that rate counts.
    let lowest = lowest.and_then(|found| probes.iter().rfind(|probe| probe.rate == found.rate));
    match lowest {
        None => (LimitedBy::Range, format!("{found}; nothing above --to {to} was tried")),
        Some(probe) if probe.outcome == Outcome::Generator => (
            LimitedBy::Generator,
            format!(
                "{found}; at {} the generator was the limit, so the server may carry more: use \
                 more threads or another machine",
                probe.rate
            ),
        ),
        Some(probe) => (
            LimitedBy::Server,
            format!("{found}; at {} the server was the limit: {}", probe.rate, probe.why),
        ),
    }
}

/// Each rate is told when it was tried.
fn say(line: &str) {
    // Nobody has to read it.
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Limit {
    /// 0: a rate held; 1: none did; 2: the search could not be brought to its end.
    pub(crate) fn exit_code(&self) -> u8 {
        match (self.could_run, &self.limit) {
            (false, _) => 2,
            (true, Some(_)) => 0,
            (true, None) => 1,
        }
    }

    fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|json| json + "\n")
    }

    /// All rates that were tried, lowest first.
    pub(crate) fn table(&self) -> String {
        let mut probes: Vec<&Probe> = self.probes.iter().collect();
        probes.sort_by(|one, two| one.rate.total_cmp(&two.rate));
        let mut out = format!("{}\n", Probe::HEAD);
        for probe in probes {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{}", probe.row());
        }
        out + &self.sentence + "\n"
    }
}
